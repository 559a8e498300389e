use proptest::prelude::*;

use super::*;

/// Forty digits that begin with these.
fn sha(digits: &str) -> String {
    format!("{digits:0<40}")
}

fn new(sha_: &str, parent: &str) -> NewCommit {
    NewCommit {
        sha: sha(sha_),
        parent: if parent.is_empty() {
            String::new()
        } else {
            sha(parent)
        },
        at_ms: 1,
        author: "n".into(),
        subject: format!("do {sha_}"),
        files: vec!["a".into(), sha_.into()],
        file_count: 2,
        ..NewCommit::default()
    }
}

/// ```text
/// 1 ─ 2 ─ 3 ─ 4        master
///      └─ 5 ─ 6        release
/// 9                    another root
/// ```
fn history() -> History {
    let mut history = History::default();
    history.extend([new("11aaaaaa1", ""), new("22aaaaaa2", "11aaaaaa1")]);
    history.extend([
        new("33aaaaaa3", "22aaaaaa2"),
        new("44aaaaaa4", "33aaaaaa3"),
        new("22aaaaaa2", "11aaaaaa1"),
        new("55aaaaaa5", "22aaaaaa2"),
        new("55aaaaaa6", "55aaaaaa5"),
        new("99aaaaaa9", ""),
    ]);
    history.tags = vec![("v1.0".into(), sha("33aaaaaa3"))];
    history.branches = vec![
        ("master".into(), sha("44aaaaaa4")),
        ("release".into(), sha("55aaaaaa6")),
    ];
    history
}

fn index(history: &History, digits: &str) -> u32 {
    history.index_of(&sha(digits)).expect("it is there")
}

#[test]
fn versions_are_resolved() {
    let history = history();
    let one = |digits| Resolved::One(index(&history, digits));
    for (version, expected) in [
        (sha("33aaaaaa3").as_str(), one("33aaaaaa3")),
        ("33aaaaaa", one("33aaaaaa3")),
        ("55aaaaaa", Resolved::Ambiguous(2)),
        ("55aaaaaa6", one("55aaaaaa6")),
        ("33aaaa", Resolved::Unknown),
        ("77aaaaaa", Resolved::Unknown),
        ("v20260810-33aaaaaa3", one("33aaaaaa3")),
        ("v20260810-33aaaaaa3-master", one("33aaaaaa3")),
        ("v20260810-v1.2-3-g33aaaaaa3", one("33aaaaaa3")),
        ("v1.0", one("33aaaaaa3")),
        ("release", one("55aaaaaa6")),
        ("", Resolved::Unknown),
        ("*", Resolved::Unknown),
    ] {
        assert_eq!(history.resolve(version), expected, "{version}");
    }
    assert_eq!(history.commits().len(), 7);
}

#[test]
fn what_people_type_is_resolved() {
    let history = history();
    let one = |digits| Resolved::One(index(&history, digits));
    for (typed, expected) in [
        ("33aa", one("33aaaaaa3")),
        ("33AAaa", one("33aaaaaa3")),
        (&sha("33aaaaaa3").to_uppercase(), one("33aaaaaa3")),
        ("gcr.io/r/x:v20260810-33aaaaaa3", one("33aaaaaa3")),
        (" x:v20260810-33AAAAAA3 ", one("33aaaaaa3")),
        ("localhost:5000/x", Resolved::Unknown),
        ("33a", Resolved::Unknown),
        ("55aa", Resolved::Ambiguous(2)),
        ("77aa", Resolved::Unknown),
        ("v1.0", one("33aaaaaa3")),
        ("release", one("55aaaaaa6")),
        ("", Resolved::Unknown),
        ("sha256:33aaaaaa3", Resolved::Unknown),
    ] {
        assert_eq!(history.resolve_typed(typed), expected, "{typed}");
    }
}

#[test]
fn ranges_follow_the_lines() {
    let history = history();
    let at = |digits| index(&history, digits);
    let (one, two, three, four) = (
        at("11aaaaaa1"),
        at("22aaaaaa2"),
        at("33aaaaaa3"),
        at("44aaaaaa4"),
    );
    let (five, six, nine) = (at("55aaaaaa5"), at("55aaaaaa6"), at("99aaaaaa9"));
    assert_eq!(history.between(two, two), Between::Same);
    assert_eq!(
        history.between(one, four),
        Between::Forward(vec![four, three, two])
    );
    assert_eq!(
        history.between(four, one),
        Between::Backward(vec![four, three, two])
    );
    assert_eq!(
        history.between(four, six),
        Between::Apart {
            base: Some(two),
            gained: vec![six, five],
            lost: vec![four, three]
        }
    );
    assert_eq!(
        history.between(two, nine),
        Between::Apart {
            base: None,
            gained: vec![nine],
            lost: vec![two, one]
        }
    );
    assert!(history.contains(six, one) && history.contains(six, six));
    assert!(!history.contains(six, three) && !history.contains(one, six));
    let with = |index| history.branches_with(index).collect::<Vec<_>>();
    assert_eq!(with(two), ["master", "release"]);
    assert_eq!(with(three), ["master"]);
    assert!(with(nine).is_empty());
}

#[test]
fn paths_are_kept_once() {
    let history = history();
    let files: Vec<&str> = history.files(history.commit(3)).collect();
    assert_eq!(files, ["a", "44aaaaaa4"]);
    assert_eq!(history.paths.len(), 8);
}

proptest! {
    /// A random forest: each commit's parent is an earlier one or none.
    #[test]
    fn ranges_there_and_back_agree(parents in prop::collection::vec(0usize..12, 1..30), a in 0usize..30, b in 0usize..30) {
        let mut history = History::default();
        history.extend(parents.iter().enumerate().map(|(at, &back)| {
            let name = |at: usize| format!("{:08x}", at + 0x1000_0000);
            let parent = at.checked_sub(back + 1).map(name).unwrap_or_default();
            new(&name(at), &parent)
        }));
        let (a, b) = ((a % parents.len()) as u32, (b % parents.len()) as u32);
        match (history.between(a, b), history.between(b, a)) {
            (Between::Same, Between::Same) => prop_assert_eq!(a, b),
            (Between::Forward(there), Between::Backward(back))
            | (Between::Backward(there), Between::Forward(back)) => prop_assert_eq!(there, back),
            (
                Between::Apart { base, gained, lost },
                Between::Apart { base: same, gained: back, lost: forth },
            ) => {
                prop_assert_eq!(base, same);
                prop_assert_eq!(gained, forth);
                prop_assert_eq!(lost, back);
            }
            (there, back) => prop_assert!(false, "{:?} but {:?}", there, back),
        }
    }
}
