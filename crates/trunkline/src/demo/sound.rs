//! Audio for the demo's prompts: short chimes, computed.

/// Samples a second, as telephones have them.
const RATE: u32 = 8_000;

/// A mono WAV file of 16-bit samples: the notes one after another, 0.2 s each, fading out.
pub(super) fn chime(notes: &[f64]) -> Vec<u8> {
    let each = RATE / 5;
    let samples = notes.iter().flat_map(|hertz| (0..each).map(move |i| sample(*hertz, i, each)));
    let data: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
    let size = u32::try_from(data.len()).expect("a chime is short");
    let mut file = Vec::with_capacity(data.len() + 44);
    file.extend(b"RIFF");
    file.extend((36 + size).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    // Uncompressed, one channel.
    file.extend([1_u16, 1].map(u16::to_le_bytes).concat());
    file.extend([RATE, RATE * 2].map(u32::to_le_bytes).concat());
    file.extend([2_u16, 16].map(u16::to_le_bytes).concat());
    file.extend(b"data");
    file.extend(size.to_le_bytes());
    file.extend(data);
    file
}

fn sample(hertz: f64, index: u32, each: u32) -> i16 {
    let time = f64::from(index) / f64::from(RATE);
    let fade = 1.0 - f64::from(index) / f64::from(each);
    // A float beyond the range of the integer is cut off by the conversion, which is what is wanted.
    ((time * hertz * std::f64::consts::TAU).sin() * fade * 9_000.0) as i16
}

#[cfg(test)]
mod tests {
    use super::chime;

    #[test]
    fn a_chime_is_a_wav_file_of_the_length_that_it_says() {
        let file = chime(&[440.0, 660.0]);
        assert_eq!(&file[..4], b"RIFF");
        assert_eq!(&file[8..16], b"WAVEfmt ");
        assert_eq!(file[40..44], 6_400_u32.to_le_bytes());
        assert_eq!(file.len(), 44 + 6_400);
    }
}
