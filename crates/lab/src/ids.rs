//! Ids out of a seed: each request has its own seed, so that replaying the request from the log gives
//! the same ids again. Not meant to be hard to guess.

use crate::service::Ids;

/// A generator of ids (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Seeded(u64);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// `count` characters out of `alphabet`.
    pub(crate) fn text(&mut self, count: usize, alphabet: &[u8]) -> String {
        let size = alphabet.len() as u64;
        (0..count).map(|_| char::from(alphabet[(self.next() % size) as usize])).collect()
    }
}

impl Ids for Seeded {
    fn uuid(&mut self) -> String {
        let high = self.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000;
        let low = self.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000;
        let text = format!("{high:016x}{low:016x}");
        let part = |from: usize, to: usize| &text[from..to];
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }

    fn letters(&mut self, count: usize) -> String {
        self.text(count, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_the_same_ids_again() {
        let (mut one, mut two) = (Seeded::new(7), Seeded::new(7));
        let id = one.uuid();
        assert_eq!(id, two.uuid());
        assert_ne!(id, one.uuid());
        assert_eq!((id.len(), id.as_bytes()[14]), (36, b'4'));
        assert_eq!(Seeded::new(8).letters(10).len(), 10);
    }
}
