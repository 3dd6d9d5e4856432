use super::*;
use proptest::prelude::*;

fn tests(text: &str, format: Format) -> TestReport {
    match read(text.as_bytes(), format) {
        Ok(Findings::Tests(report)) => report,
        other => panic!("{other:?}\n{text}"),
    }
}

fn coverage(text: &str, format: Format) -> [u64; 4] {
    match read(text.as_bytes(), format) {
        Ok(Findings::Coverage(c)) => {
            [c.lines_covered, c.lines_missed, c.branches_covered, c.branches_missed]
        }
        other => panic!("{other:?}\n{text}"),
    }
}

/// Checks the cases of a text, as `STATUS prefix name nanoseconds message`.
fn check(text: &str, format: Format, wanted: &[&str]) {
    let line = |c: &TestCase| {
        let status = format!("{:?}", c.status).to_uppercase();
        format!("{status} {} {} {} {}", c.prefix, c.name, c.duration_in_nano_seconds, c.message)
    };
    let found: Vec<_> = tests(text, format).cases.iter().map(line).collect();
    assert_eq!(found, wanted);
}

const JUNIT: &str = r#"<?xml version="1.0"?>
<testsuites tests="99"><testsuite name="s">
  <properties><property name="a" value="b"/></properties>
  <testcase classname="crm.Api" name="passes &amp; &#x1b; ends" time="1.5"><system-out>x</system-out></testcase>
  <testcase classname="crm.Api" name="fails"><failure message="1 is not 2">1 is not 2
  at line 3</failure></testcase>
  <testcase classname="crm.Api" name="breaks"><failure/><error message="boom"><![CDATA[<trace>]]></error></testcase>
  <testsuite><testcase name="is left out"><skipped message="later"/></testcase></testsuite>
  <testcase name="passes at last"><flakyFailure message="no"/></testcase>
  <testcase name="is off" status="notrun" time="-1"/>
</testsuite></testsuites>"#;

#[test]
fn junit_is_read_with_failing_cases_first() {
    check(
        JUNIT,
        Format::JunitXml,
        &[
            "FAILED crm.Api fails 0 1 is not 2\n  at line 3",
            "ERROR crm.Api breaks 0 boom\n<trace>",
            "SKIPPED  is left out 0 later",
            "SKIPPED  is off 0 ",
            "SUCCEEDED crm.Api passes & \u{1b} ends 1500000000 ",
            "SUCCEEDED  passes at last 0 ",
        ],
    );
    let report = tests(JUNIT, Format::JunitXml);
    let counts = Counts { total: 6, succeeded: 2, failed: 1, error: 1, skipped: 2, unknown: 0 };
    assert_eq!(report.counts, counts, "what the suite says of itself is not believed");
    assert!(!report.passed());
}

#[test]
fn nunit_of_both_versions_is_read() {
    let three = r#"<test-run><test-suite><test-suite type="TestFixture">
        <test-case name="a" classname="C" result="Passed" duration="0.25"/>
        <test-case name="b" classname="C" result="Failed"><failure><message>no</message><stack-trace>at x</stack-trace></failure></test-case>
        <test-case name="c" classname="C" result="Failed" label="Error"/>
        <test-case name="d" classname="C" result="Skipped" label="Ignored"><reason><message>why</message></reason></test-case>
        <test-case name="e" classname="C" result="New"/>
    </test-suite></test-suite></test-run>"#;
    let wanted = [
        "FAILED C b 0 no\nat x",
        "ERROR C c 0 ",
        "UNKNOWN C e 0 ",
        "SKIPPED C d 0 why",
        "SUCCEEDED C a 250000000 ",
    ];
    check(three, Format::Nunit3Xml, &wanted);
    let two = r#"<test-results><test-suite><results>
        <test-case name="a" executed="True" success="True" time="0.5"/>
        <test-case name="b" executed="True" success="False"/>
        <test-case name="c" executed="False"/>
        <test-case name="d" result="Error" executed="True" success="False"/>
    </results></test-suite></test-results>"#;
    let wanted = ["FAILED  b 0 ", "ERROR  d 0 ", "SKIPPED  c 0 ", "SUCCEEDED  a 500000000 "];
    check(two, Format::NunitXml, &wanted);
}

#[test]
fn testng_trx_and_cucumber_are_read() {
    let testng = r#"<testng-results><suite><test><class name="C">
        <test-method name="setUp" status="PASS" is-config="true"/>
        <test-method name="a" status="PASS" duration-ms="7"/>
        <test-method name="b" status="FAIL"><exception class="E"><message><![CDATA[ no ]]></message></exception></test-method>
    </class></test></suite></testng-results>"#;
    check(testng, Format::TestngXml, &["FAILED C b 0 no", "SUCCEEDED C a 7000000 "]);
    let trx = r#"<TestRun xmlns="urn:x"><Results>
        <UnitTestResult testId="1" testName="a" outcome="Passed" duration="01:02:03.5000000"/>
        <UnitTestResult testId="2" testName="b" outcome="Failed"><Output><ErrorInfo><Message>no</Message></ErrorInfo></Output></UnitTestResult>
        <UnitTestResult testName="rows" outcome="Failed"><InnerResults><UnitTestResult testName="row 1" outcome="NotExecuted"/></InnerResults></UnitTestResult>
        <UnitTestResult testName="odd"/>
    </Results><TestDefinitions><UnitTest id="2"><TestMethod className="C"/></UnitTest></TestDefinitions></TestRun>"#;
    let wanted =
        ["FAILED C b 0 no", "UNKNOWN  odd 0 ", "SKIPPED  row 1 0 ", "SUCCEEDED  a 3723500000000 "];
    check(trx, Format::VisualStudioTrx, &wanted);
    let cucumber = r#"[{"name": "Calls", "elements": [
        {"type": "background", "steps": [{"result": {"status": "failed", "error_message": "no line", "duration": 5}}]},
        {"type": "scenario", "name": "a", "steps": [{"result": {"status": "skipped"}}]},
        {"name": "b", "steps": [{"result": {"status": "passed", "duration": 9}}], "after": [{"result": {"status": "passed"}}]},
        {"name": "c", "steps": [{"result": {"status": "undefined"}}]}
    ]}]"#;
    let wanted = ["FAILED Calls a 5 no line", "UNKNOWN Calls c 0 ", "SUCCEEDED Calls b 9 "];
    check(cucumber, Format::CucumberJson, &wanted);
}

#[test]
fn coverage_is_summed() {
    let clover = r#"<coverage><project><metrics statements="10" coveredstatements="7" conditionals="4" coveredconditionals="1"/><file><metrics statements="1"/></file></project></coverage>"#;
    assert_eq!(coverage(clover, Format::CloverXml), [7, 3, 1, 3]);
    let sums = r#"<coverage lines-covered="3" lines-valid="4" branches-covered="1" branches-valid="2"><packages/></coverage>"#;
    assert_eq!(coverage(sums, Format::CoberturaXml), [3, 1, 1, 1]);
    let lines = r#"<coverage><packages><package><classes><class>
        <methods><method><lines><line number="1" hits="1"/></lines></method></methods>
        <lines><line number="1" hits="1"/><line number="2" hits="0" branch="true" condition-coverage="50% (1/2)"/></lines>
    </class></classes></package></packages></coverage>"#;
    assert_eq!(coverage(lines, Format::CoberturaXml), [1, 1, 1, 1]);
    let jacoco = r#"<!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd"><report name="r">
        <package><counter type="LINE" missed="9" covered="9"/></package>
        <counter type="INSTRUCTION" missed="1" covered="1"/><counter type="LINE" missed="2" covered="8"/><counter type="BRANCH" missed="1" covered="3"/></report>"#;
    assert_eq!(coverage(jacoco, Format::JacocoXml), [8, 2, 3, 1]);
    let groups = r#"<report><group><counter type="LINE" missed="2" covered="8"/></group><group><counter type="LINE" missed="1" covered="1"/></group></report>"#;
    assert_eq!(coverage(groups, Format::JacocoXml), [9, 3, 0, 0]);
    let simplecov = r#"{"meta": {}, "coverage": {"a.rb": {"lines": [null, 1, 0, "ignored", 5], "branches": [{"type": "then", "coverage": 0}]}}}"#;
    assert_eq!(coverage(simplecov, Format::SimpleCov), [2, 1, 0, 1]);
    let resultset = r#"{"RSpec": {"coverage": {"a.rb": {"lines": [1], "branches": {"[:if]": {"[:then]": 1, "[:else]": 0}}}, "b.rb": [0, null]}, "timestamp": 1}}"#;
    assert_eq!(coverage(resultset, Format::SimpleCov), [1, 1, 1, 1]);
    let half = Coverage { lines_covered: 1, lines_missed: 1, ..Coverage::default() };
    assert_eq!((half.line_percentage(), half.branch_percentage()), (Some(50.0), None));
}

#[test]
fn at_most_500_cases_are_kept_and_all_are_counted() {
    let passing = r#"<testcase name="p" time="1"/>"#.repeat(3000);
    let text = format!(
        "<testsuite>{passing}<testcase name=\"{}\"><failure message=\"{}\"/></testcase></testsuite>",
        "n".repeat(2000),
        "é".repeat(9000)
    );
    let mut report = tests(&text, Format::JunitXml);
    assert_eq!((report.cases.len(), report.counts.total), (MOST_CASES, 3001));
    assert_eq!(report.cases[0].name.chars().count(), MOST_NAME);
    assert_eq!(report.cases[0].message.chars().count(), MOST_MESSAGE);
    assert_eq!(report.duration_in_nano_seconds, 3_000_000_000_000);
    report.add(tests(
        "<testsuite><testcase name='b'><error/></testcase></testsuite>",
        Format::JunitXml,
    ));
    assert_eq!((report.cases.len(), report.counts.total), (MOST_CASES, 3002));
    assert_eq!((report.cases[0].status, report.cases[1].status), (Status::Failed, Status::Error));
}

#[test]
fn what_is_no_report_is_refused_with_its_reason() {
    let refused = |text: &str, format| read(text.as_bytes(), format).expect_err(text);
    let cases = [
        ("", "the file is not in the format: it holds no element"),
        ("<html></html>", "the file is not in the format: its first element is <html>"),
        ("<testsuite><testcase name='a'>", "the file is cut off within <testcase>"),
        ("<testsuite><testcase name='a'></testsuite>", "the file is damaged"),
        ("<testsuite/><testsuite/>", "the file is damaged: <testsuite> follows"),
        (
            "<!DOCTYPE t [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><testsuite>&b;</testsuite>",
            "the file uses entities",
        ),
        (
            "<testsuite><testcase name='&xxe;'/></testsuite>",
            "the file uses entities, which are not expanded (&xxe;)",
        ),
        ("<testsuite><testcase name='a' name='b'/></testsuite>", "the file is damaged"),
    ];
    for (text, reason) in cases {
        let found = refused(text, Format::JunitXml).to_string();
        assert!(found.starts_with(reason), "{found}\n{text}");
    }
    let deep = "<testsuite>".repeat(100_000);
    assert!(matches!(refused(&deep, Format::JunitXml), Unreadable::TooLarge(_)));
    assert!(matches!(refused("[{", Format::CucumberJson), Unreadable::Damaged(_)));
    assert!(matches!(refused(&"[".repeat(100_000), Format::SimpleCov), Unreadable::Damaged(_)));
    assert!(matches!(refused("{}", Format::SimpleCov), Unreadable::OtherFormat(_)));
    assert_eq!(read(b"<testsuite>\xff</testsuite>", Format::JunitXml), Err(Unreadable::NotText));
    let large = vec![b' '; MOST_BYTES + 1];
    assert!(matches!(read(&large, Format::JunitXml), Err(Unreadable::TooLarge(_))));
}

#[test]
fn other_encodings_are_read_where_the_file_says_so() {
    let text = "<testsuite><testcase name='\u{e9}'/></testsuite>";
    let wide: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let latin: Vec<u8> = format!("<?xml version='1.0' encoding='ISO-8859-1'?>{text}")
        .chars()
        .map(|c| u8::try_from(u32::from(c)).expect("Latin-1"))
        .collect();
    for bytes in [wide, latin, format!("\u{feff}{text}").into_bytes()] {
        let Ok(Findings::Tests(report)) = read(&bytes, Format::JunitXml) else { panic!("unread") };
        assert_eq!(report.cases[0].name, "\u{e9}");
    }
}

#[test]
fn every_word_of_a_buildspec_is_a_format() {
    for (word, format, _) in FORMATS {
        assert_eq!(Format::of(&word.to_lowercase()), Some(*format));
        assert_eq!(format.word(), *word);
    }
    assert_eq!(Format::of("JUNIT"), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn a_cut_or_damaged_report_never_panics(cut in 0..JUNIT.len(), at in 0..JUNIT.len(), byte: u8) {
        let mut bytes = JUNIT.as_bytes().to_vec();
        bytes[at] = byte;
        for (_, format, _) in FORMATS {
            let _ = read(&bytes, *format);
            let whole = read(&JUNIT.as_bytes()[..cut], *format);
            prop_assert!(whole.is_err(), "a report that is cut off was read: {whole:?}");
        }
    }
}
