//! The long form of each diagnostic code, from `docs/diagnostics`.

macro_rules! pages {
    ($($code:literal)*) => {
        &[$((
            $code,
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"), "/../../docs/diagnostics/", $code, ".md"
            )),
        )),*]
    };
}

/// Code and page, sorted by code.
pub(crate) const PAGES: &[(&str, &str)] = pages![
    "TL0101" "TL0102" "TL0103" "TL0104" "TL0105" "TL0106" "TL0107" "TL0108" "TL0109"
    "TL0110" "TL0111" "TL0112" "TL0113" "TL0114" "TL0201" "TL0202" "TL0203" "TL0204" "TL0205" "TL0206"
    "TL0207" "TL0208" "TL0209" "TL0301" "TL0302" "TL0303" "TL0304" "TL0401" "TL0402"
    "TL0403" "TL0404" "TL0405" "TL0406" "TL0407" "TL0408" "TL0409" "TL0410" "TL0411"
    "TL0412" "TL0413" "TL0423" "TL0430" "TL0501" "TL0502" "TL0503" "TL0504" "TL0505" "TL0506" "TL0507" "TL0508"
    "TL0509" "TL0510" "TL0520" "TL0521" "TL0522" "TL0523" "TL0524" "TL0525" "TL0530"
    "TL0531" "TL0532" "TL0533" "TL0534" "TL0545" "TL0546" "TL0601" "TL0602" "TL0603" "TL0604" "TL0605" "TL0606" "TL0607"
    "TL0608" "TL0610" "TL0611" "TL0612" "TL0613" "TL0614" "TL0615" "TL0616" "TL0617"
    "TL0618" "TL0619" "TL0620" "TL0701" "TL0702" "TL0703" "TL0710" "TL0711" "TL0712"
    "TL0713" "TL0714" "TL0715" "TL0716" "TL0718" "TL0719" "TL0740" "TL0741"
    "TL0801" "TL0802" "TL0803" "TL0804" "TL0805" "TL0806" "TL0807" "TL0808" "TL0809"
    "TL0810" "TL0811" "TL0812" "TL0813" "TL0814" "TL0815" "TL0816" "TL0817" "TL0818"
    "TL0819" "TL0820" "TL0821" "TL0822" "TL0823" "TL0824" "TL0825" "TL0826"
    "TL0830" "TL0831" "TL0832" "TL0833" "TL0834" "TL0835" "TL0836" "TL0837" "TL0838"
    "TL0839" "TL0840"
    "TL0850" "TL0851" "TL0852" "TL0853" "TL0854" "TL0855" "TL0856" "TL0857" "TL0858" "TL0859"
    "TL0860" "TL0861" "TL0862"
    "TL0880" "TL0881" "TL0882" "TL0883" "TL0884" "TL0885" "TL0886" "TL0887" "TL0888"
    "TL0889"
    "TL0890" "TL0891" "TL0892" "TL0893" "TL0894" "TL0895" "TL0896"
    "TL0901" "TL0902"
];

#[cfg(test)]
mod tests {
    use super::*;
    use trunkline_model::CODES;

    #[test]
    fn every_code_has_a_page_with_its_title_and_every_page_a_code() {
        let codes: Vec<_> = CODES.iter().map(|c| c.code).collect();
        let pages: Vec<_> = PAGES.iter().map(|(code, _)| *code).collect();
        assert_eq!(pages, codes);
        for (info, (code, page)) in CODES.iter().zip(PAGES) {
            assert!(page.starts_with(&format!("# {code}: {}\n", info.title)), "{code}");
            assert!(page.contains("\n## What to do\n"), "{code}");
            let lines = page.lines().count();
            assert!((8..=24).contains(&lines), "{code} has {lines} lines");
        }
    }
}
