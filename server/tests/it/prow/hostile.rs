//! Broken and hostile files.

use super::*;

#[test]
fn bad_files_do_not_lose_the_others() {
    let group = TestGroup {
        column_header: vec![ColumnHeader {
            configuration_value: "Commit".into(),
            ..ColumnHeader::default()
        }],
        disable_prowjob_analysis: Some(true),
        ..TestGroup::default()
    };
    let good = [
        ("started.json", START),
        ("finished.json", PASSED),
        ("artifacts/junit.xml", JUNIT),
    ];
    for (name, content, overall, message) in [
        (
            "finished.json",
            &b""[..],
            Status::Fail,
            "Malformed artifacts: finished.json",
        ),
        (
            "finished.json",
            b"{\"timestamp\":",
            Status::ToolFail,
            "Failed to download bucket/logs/job/12/finished.json: ",
        ),
        (
            "started.json",
            b"[]",
            Status::ToolFail,
            "Failed to download bucket/logs/job/12/started.json: ",
        ),
        (
            "artifacts/junit_2.xml",
            b"<testsuite><testcase name='kept'/><testcase name='cut'",
            Status::Fail,
            "Malformed artifacts: artifacts/junit_2.xml: ",
        ),
        (
            "artifacts/junit_2.xml",
            b"<testsuite><testcase name='kept'/></wrong>",
            Status::Fail,
            "Malformed artifacts: artifacts/junit_2.xml: ",
        ),
        (
            "artifacts/junit_2.xml",
            b"",
            Status::Fail,
            "Malformed artifacts: artifacts/junit_2.xml: the file is empty",
        ),
        (
            "podinfo.json",
            b"{\"pod\":7}",
            Status::Fail,
            "Malformed artifacts: podinfo.json: ",
        ),
        ("prowjob.json", b"{\"spec\":7}", Status::Pass, ""),
        ("clone-records.json", b"{}", Status::Pass, ""),
    ] {
        let mut files: Vec<(&str, &[u8])> = good.to_vec();
        files.retain(|(other, _)| *other != name);
        files.push((name, content));
        let run = parse_at(&group, &build(&files), END_MS);
        let row = cell(&run, "job.Overall");
        assert_eq!(row.status, overall, "{name}: {row:?}");
        assert!(row.message.starts_with(message), "{name}: {row:?}");
        assert_eq!(cell(&run, "t").status, Status::Pass, "{name}");
        if content.windows(4).any(|four| four == b"kept") {
            assert_eq!(cell(&run, "kept").status, Status::Pass);
        }
        assert_eq!(run.problems.len(), 1, "{:?}", run.problems);
        assert_eq!(run.problems[0].file, name);
        // It may have been half written.
        assert!(run.open, "{name}");
        assert!(!parse_in(&group, &build(&files)).open, "{name}");
        assert_eq!(run.headers[0].value, "missing");
    }
}

#[test]
fn files_that_cannot_be_read_are_said() {
    let mut files = build(&[("started.json", START), ("finished.json", PASSED)]);
    files.files.push(BuildFile {
        name: "artifacts/junit.xml".into(),
        content: Err("permission denied".into()),
    });
    let run = parse_in(&TestGroup::default(), &files);
    assert_eq!(
        cell(&run, "job.Overall").message,
        "Malformed artifacts: artifacts/junit.xml: permission denied"
    );
}

#[test]
fn hostile_xml_is_bounded() {
    let name = "n".repeat(1_000_000);
    let mut laughs = String::from("<!DOCTYPE l [<!ENTITY l0 \"ha\">");
    for level in 1..20 {
        let before = format!("&l{};", level - 1).repeat(10);
        laughs.extend(["<!ENTITY l", &level.to_string(), " \"", &before, "\">"]);
    }
    laughs += "]><testsuite><testcase name='&l19;'><failure>&l19;</failure></testcase></testsuite>";
    let external = "<!DOCTYPE x [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><testsuite><testcase name='t'><failure>&x;</failure></testcase></testsuite>";
    let deep = "<testsuite name='s'>".repeat(100_000);
    let wide = format!(
        "<testsuite name='{name}'>{}</testsuite>",
        (0..2000)
            .map(|n| format!("<testcase name='{n}'/>"))
            .collect::<Vec<_>>()
            .concat()
    );
    let long =
        format!("<testsuite><testcase name='{name}a'/><testcase name='{name}b'/></testsuite>");
    let hostile = "<testsuite><testcase name='&lt;script&gt;alert(1)&lt;/script&gt;'><failure message='a\u{1b}[31m\u{202e}b&#27;'/></testcase></testsuite>";
    for (xml, rows, problem) in [
        (&laughs, 1, "the reference &l19; stands for nothing"),
        (
            &external.to_owned(),
            1,
            "the reference &x; stands for nothing",
        ),
        (&deep, 0, "elements nest deeper"),
        (&wide, 2000, ""),
        (&long, 2, ""),
        (
            &hostile.to_owned(),
            1,
            "the reference &#27; stands for nothing",
        ),
    ] {
        let run = parse(&[("started.json", START), ("junit.xml", xml.as_bytes())]);
        let tests: Vec<_> = run
            .results
            .iter()
            .filter(|result| !result.name.starts_with("job."))
            .collect();
        assert_eq!(tests.len(), rows, "{problem}");
        let said = run
            .problems
            .first()
            .map_or("", |problem| problem.message.as_str());
        assert!(said.starts_with(problem), "{said}");
        let size: usize = tests
            .iter()
            .map(|test| test.name.len() + test.cell.message.len())
            .sum();
        assert!(size <= rows * 1300);
    }
    let run = parse(&[("started.json", START), ("junit.xml", hostile.as_bytes())]);
    let row = cell(&run, "<script>alert(1)</script>");
    assert_eq!(row.message, "a\u{fffd}[31m\u{fffd}b&#27;");
}

#[test]
fn encodings_are_followed() {
    let xml = |declared: &str| {
        format!("<?xml version=\"1.0\"{declared}?><testsuite><testcase name='é'/></testsuite>")
    };
    let wide = |text: &str, big: bool| -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    };
    let latin: Vec<u8> = xml(" encoding='ISO-8859-1'")
        .chars()
        .map(|c| c as u8)
        .collect();
    let marked = |mark: &[u8], rest: Vec<u8>| [mark, &rest].concat();
    for (content, row, good) in [
        (xml("").into_bytes(), "é", true),
        (
            marked(b"\xef\xbb\xbf", xml(" encoding='UTF-8'").into_bytes()),
            "é",
            true,
        ),
        (
            marked(b"\xff\xfe", wide(&xml(" encoding='UTF-16'"), false)),
            "é",
            true,
        ),
        (
            marked(b"\xfe\xff", wide(&xml(" encoding='UTF-16'"), true)),
            "é",
            true,
        ),
        (wide(&xml(""), false), "é", true),
        (latin.clone(), "é", true),
        // It says UTF-16 in ASCII, so it is not.
        (xml(" encoding='UTF-16'").into_bytes(), "é", true),
        (xml(" encoding='klingon'").into_bytes(), "é", false),
        // Latin-1 that claims to be UTF-8.
        (
            xml("").chars().map(|c| c as u8).collect(),
            "\u{fffd}",
            false,
        ),
    ] {
        let run = parse(&[("started.json", START), ("junit.xml", &content)]);
        assert_eq!(run.problems.is_empty(), good, "{:?}", run.problems);
        assert_eq!(cell(&run, row).status, Status::Pass);
    }
    let odd = parse(&[("started.json", START), ("junit.xml", b"\xff\xfe\x00")]);
    assert_eq!(odd.problems.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn arbitrary_bytes_never_panic(content in prop::collection::vec(any::<u8>(), 0..400), which in 0usize..7) {
        let name = EVERYWHERE[which];
        let run = parse(&[("started.json", START), (name, &content)]);
        prop_assert!(!run.results.is_empty());
    }

    #[test]
    fn arbitrary_elements_never_panic(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "<testsuites>", "</testsuites>", "<testsuite name='s&amp;'>", "</testsuite>",
                "<testcase name=\"t\" time='1,5'>", "</testcase>", "<testcase/>", "<failure message='&#x41;'>",
                "</failure>", "<skipped/>", "<flakyError/>", "<rerunFailure>", "</rerunFailure>",
                "<properties>", "</properties>", "<property name='a' value='1'/>", "<property name='a'>",
                "</property>", "<![CDATA[<x>]]>", "&lt;", "&", "&nope;", "<!-- -- -->", "<?pi?>", "<!DOCTYPE a>",
                "text", "\u{0}", "é", "<x:testcase xmlns:x='y'>", "</x:testcase>", "<", "'", "<system-out>",
                "</system-out>", "<?xml version='1.0' encoding='latin1'?>", "\u{feff}",
            ]),
            0..60,
        ),
        cut in 0usize..40,
    ) {
        let xml = pieces.concat();
        let xml = &xml.as_bytes()[..xml.len().saturating_sub(cut)];
        parse(&[("started.json", START), ("artifacts/junit_01.xml", xml)]);
    }

    #[test]
    fn real_files_cut_anywhere_never_panic(at in 0usize..60_000, flip in 0usize..60_000) {
        let path = shared("data/prow-builds/gubernator-kubernetes-e2e-gce-5043/5043/artifacts/junit_01.xml");
        let mut content = fs::read(path).expect("a file");
        let whole = content.len();
        content.truncate(at);
        if let Some(byte) = content.get_mut(flip) {
            *byte ^= 0x15;
        }
        let (cases, problems) = count_cases(&content);
        prop_assert!(cases <= 274);
        prop_assert!(at >= whole || !problems.is_empty());
    }
}
