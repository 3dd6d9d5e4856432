use super::*;

const I: &str =
    "arn:aws:connect:us-west-2:111122223333:instance/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const U: &str = "12345678-1234-1234-1234-123456789abc";

fn check(text: &str, wanted: &[(&str, Option<&str>)]) {
    let found = arns(text);
    let found: Vec<_> = found
        .iter()
        .map(|arn| (&text[arn.range.clone()], arn.qualifier.clone().map(|q| &text[q])))
        .collect();
    assert_eq!(found, wanted, "{text}");
}

fn check_alone(arn: &str, qualifier: Option<&str>) {
    check(arn, &[(arn, qualifier)]);
    check(&format!("See <{arn}>, or \"{arn}\"."), &[(arn, qualifier), (arn, qualifier)]);
    check(&format!("{arn}. Next"), &[(arn, qualifier)]);
}

#[test]
fn connect_arns_end_after_the_id() {
    check_alone(I, None);
    for kind in ["contact-flow", "queue", "queue/agent", "flow-module", "view", "prompt"] {
        check_alone(&format!("{I}/{kind}/{U}"), None);
    }
    check_alone(&format!("{I}/contact-flow/{U}:$SAVED"), Some("$SAVED"));
    check_alone(&format!("{I}/view/{U}:3"), Some("3"));
    check_alone(&format!("{I}/flow-module/{U}:{U}"), Some(U));
    check_alone("arn:aws:connect:us-west-2:aws:view/form:1", Some("1"));
    check_alone(&format!("arn:aws:connect:eu-central-1:111122223333:phone-number/{U}"), None);
    let queue = format!("{I}/queue/{U}");
    check(&format!("{queue}: busy"), &[(&queue, None)]);
    check(&format!("{queue}/x{queue}"), &[(&queue, None), (&queue, None)]);
    check(&format!("{queue}Sales"), &[(&queue, None)]);
    check(&format!("{queue}{queue}"), &[(&queue, None), (&queue, None)]);
}

#[test]
fn other_services_end_where_a_name_can() {
    check_alone("arn:aws:lex:us-west-2:111122223333:bot-alias/ABCDEFGHIJ/TSTALIASID", None);
    check_alone("arn:aws:lambda:us-west-2:111122223333:function:acme-lookup", None);
    check_alone("arn:aws:lambda:us-west-2:111122223333:function:acme-lookup:live", Some("live"));
    check_alone("arn:aws:lambda:$.AwsRegion:111122223333:function:a:$LATEST", Some("$LATEST"));
    check_alone("arn:aws:lambda:$['AwsRegion']:111122223333:function:a", None);
    check_alone("arn:aws-us-gov:s3:::bucket/key.wav", None);
    check_alone("arn:aws:secretsmanager:us-west-2:111122223333:secret:name-abc", None);
    let found = arns("arn:aws:lambda:us-west-2:111122223333:function:a:live");
    assert_eq!(found[0].base(), 0..48);
}

#[test]
fn placeholders_and_words_are_no_arns() {
    check("arn:aws:lex:${Region}:111122223333:bot-alias/A/B", &[]);
    check("arn:aws:lambda:us-west-2:${ACCT_ID}:function:a", &[]);
    check("arn:aws:lambda:us-west-2:111122223333:function:a-${Env}", &[]);
    check("arn:aws:lambda:us-west-2:111122223333:function:${Name}", &[]);
    check(&format!("{I}/queue/${{Queue}}"), &[]);
    check("learn:aws:s3:::bucket", &[]);
    check(&format!("x{I}"), &[(I, None)]);
    check(&format!("番号{I}へ"), &[(I, None)]);
    check(&format!("{I}${{Name}}"), &[(I, None)]);
    let function = "arn:aws:lambda:us-west-2:111122223333:function:a";
    check(&format!("<p>{function}</p>{function}<break time='1s'/>"), &[(function, None); 2]);
    check(&format!("{function}<NAME>"), &[]);
    check("arn: aws", &[]);
    check("ARNREPLACE arn:aws:lambda:us-west-2:XXXX:function:a", &[]);
}

#[test]
fn uuids_are_found_inside_longer_names_too() {
    let found = |text: &str| uuids(text).into_iter().map(|r| r.start).collect::<Vec<_>>();
    assert_eq!(found(U), [0]);
    assert_eq!(found(&format!("a {U},{U}/")), [2, 39]);
    assert_eq!(found(&format!("queue/{U}:$SAVED")), [6]);
    for (joined, at) in [(format!("a{U}"), 1), (format!("{U}0"), 0), (format!("-{U}-x"), 1)] {
        assert_eq!(found(&joined), [at], "{joined}");
    }
    assert_eq!(found(&format!("{I}/queue/{U} {U}")), [I.len() + 7 + 36 + 1]);
    assert_eq!(found(&"1-".repeat(30)), Vec::<usize>::new());
}

fn check_url(text: &str, wanted: Option<(&str, &str)>) {
    let found = urls(text);
    let found = found.first().map(|url| {
        let (UrlKind::Instance(name) | UrlKind::Bucket(name)) = &url.kind;
        (&text[url.range.clone()], &text[name.clone()])
    });
    assert_eq!(found, wanted, "{text}");
}

#[test]
fn urls_into_instances_and_buckets_are_found() {
    check_url(
        "https://acme.my.connect.aws/ccp-v2",
        Some(("https://acme.my.connect.aws/ccp-v2", "acme")),
    );
    check_url("at https://acme.awsapps.com.", Some(("https://acme.awsapps.com", "acme")));
    check_url("s3://acme-audio/a/b.wav", Some(("s3://acme-audio/a/b.wav", "acme-audio")));
    for url in [
        "https://acme-audio.s3.us-west-2.amazonaws.com/a.wav",
        "https://acme-audio.s3.amazonaws.com/a.wav",
        "https://s3.us-west-2.amazonaws.com/acme-audio/a.wav",
        "https://acme-audio.s3-us-west-2.amazonaws.com/a.wav?x=1",
    ] {
        check_url(&format!("<audio src='{url}'/>"), Some((url, "acme-audio")));
    }
    check_url("https://example.com/a https://dynamodb.us-west-2.amazonaws.com/", None);
    check_url("https://${Alias}.my.connect.aws/", None);
}
