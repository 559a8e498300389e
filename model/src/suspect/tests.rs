use proptest::prelude::*;

use super::*;

const HOUR_MS: i64 = 3_600_000;

/// One run every two hours, oldest first, the newest at hour `until`: `o` passed, `F` began to fail, `f` goes
/// on failing.
fn course(runs: &str, until: i64) -> Course {
    let count = runs.len() as i64;
    let mut since = Vec::new();
    for (at, letter) in runs.chars().enumerate() {
        since.push(match letter {
            'F' => Some(at),
            'f' => since[at - 1],
            _ => None,
        });
    }
    Course {
        started_ms: (0..count)
            .map(|at| (until - 2 * (count - 1 - at)) * HOUR_MS)
            .collect(),
        since,
    }
}

/// Groups as `before|after` of one change, all ending at the same hour; `None` for those that did not see it.
fn world(groups: &[&str]) -> (Vec<Course>, Vec<Cut>) {
    let mut cuts = Vec::new();
    let mut courses = Vec::new();
    for (group, text) in groups.iter().enumerate() {
        let runs = text.replace('|', "");
        if let Some(first) = text.find('|') {
            let end = runs.len();
            cuts.push(Cut { group, first, end });
        }
        courses.push(course(&runs, 100));
    }
    (courses, cuts)
}

fn told(groups: &[&str], kin: &[Kin]) -> Option<(f64, Vec<usize>)> {
    let (courses, cuts) = world(groups);
    let mut kin = kin.to_vec();
    kin.push((0..groups.len()).collect());
    let found = suspects(&courses, &[cuts], &kin);
    assert!(found.len() <= 1);
    found
        .into_iter()
        .next()
        .map(|it| (it.likelihood, it.groups))
}

/// Twenty runs that passed.
const GOOD: &str = "oooooooooooooooooooo";

fn good(after: &str) -> String {
    format!("{GOOD}|{after}")
}

#[test]
fn first_failures_of_several_groups_are_enough_together() {
    let (fails, passes) = (good("F"), good("o"));
    let of = |bad: usize, all: usize| -> Option<(f64, Vec<usize>)> {
        let groups: Vec<&str> = (0..all)
            .map(|at| {
                if at < bad {
                    fails.as_str()
                } else {
                    passes.as_str()
                }
            })
            .collect();
        told(&groups, &[])
    };
    assert_eq!(of(1, 5), None);
    let (two, groups) = of(2, 6).expect("it is probable");
    assert!((LIKELY..SURE).contains(&two), "{two}");
    assert_eq!(groups, [0, 1]);
    // Two of many is what chance does.
    assert_eq!(of(2, 60), None);
    let (five, groups) = of(5, 10).expect("it is likely");
    assert!(five > SURE, "{five}");
    assert_eq!(groups.len(), 5);
}

#[test]
fn what_fails_by_itself_tells_little() {
    let flaky = "oFooFoooFooFooooFooo|F";
    assert_eq!(told(&[flaky, flaky, flaky, &good("o")], &[]), None);
    // Nor does what failed before and goes on.
    let red = "oooooooooooooooooFff|f";
    assert_eq!(told(&[red; 6], &[]), None);
}

#[test]
fn what_came_long_before_is_not_named() {
    let late = good("ooooooooFfff");
    assert_eq!(told(&[late.as_str(); 12], &[]), None);
    let soon = good("Ffff");
    assert!(told(&[soon.as_str(); 12], &[]).is_some());
}

#[test]
fn a_change_of_all_is_not_named_for_what_one_branch_does() {
    let (fails, passes) = (good("Ff"), good("oo"));
    let groups: Vec<&str> = (0..16)
        .map(|at| {
            if at < 4 {
                fails.as_str()
            } else {
                passes.as_str()
            }
        })
        .collect();
    let branches: Vec<Kin> = (0..4).map(|of| (4 * of..4 * of + 4).collect()).collect();
    assert_eq!(told(&groups, &branches), None);
    // The same on every branch is its.
    let spread: Vec<&str> = (0..16)
        .map(|at| {
            if at % 4 < 2 {
                fails.as_str()
            } else {
                passes.as_str()
            }
        })
        .collect();
    let (_, found) = told(&spread, &branches).expect("it is likely");
    assert_eq!(found.len(), 8);
}

#[test]
fn a_change_is_not_named_for_what_those_without_it_do_as_well() {
    let (with, without) = (good("Ff"), format!("{GOOD}Ff"));
    let of = |others: &str| {
        let groups: Vec<&str> = (0..16)
            .map(|at| if at < 6 { with.as_str() } else { others })
            .collect();
        told(&groups, &[])
    };
    assert_eq!(of(&without), None);
    assert!(of(&format!("{GOOD}oo")).is_some());
}

#[test]
fn of_two_changes_the_one_is_named_that_explains_more() {
    let (fails, passes) = (good("Ff"), good("oo"));
    let groups: Vec<&str> = (0..24)
        .map(|at| {
            if at < 8 {
                fails.as_str()
            } else {
                passes.as_str()
            }
        })
        .collect();
    let (courses, all) = world(&groups);
    let some = all[..9].to_vec();
    let kin = [(0..groups.len()).collect()];
    let found = suspects(&courses, &[all.clone(), some.clone()], &kin);
    let named: Vec<usize> = found.iter().map(|it| it.change).collect();
    assert_eq!(named, [1]);
    // Two that came in the same runs cannot be told apart.
    let found = suspects(&courses, &[some.clone(), some], &kin);
    let named: Vec<usize> = found.iter().map(|it| it.change).collect();
    assert_eq!(named, [0, 1]);
}

#[test]
fn two_causes_are_found_one_after_the_other() {
    let (fails, none) = (good("Ff"), GOOD.to_owned() + "oo");
    let mut groups = vec![fails.as_str(); 16];
    groups.extend([none.as_str(); 8]);
    let (courses, cuts) = world(&groups);
    let (one, two) = cuts.split_at(8);
    let mut courses = courses;
    // The second came a day earlier.
    for course in &mut courses[8..16] {
        for at in &mut course.started_ms {
            *at -= 24 * HOUR_MS;
        }
    }
    let found = suspects(
        &courses,
        &[one.to_vec(), two.to_vec()],
        &[(0..groups.len()).collect()],
    );
    let mut named: Vec<(usize, usize)> = found
        .iter()
        .map(|it| (it.change, it.groups.len()))
        .collect();
    named.sort_unstable();
    assert_eq!(named, [(0, 8), (1, 8)]);
}

#[test]
fn nothing_is_said_where_nothing_can_be_compared() {
    assert_eq!(suspects(&[], &[], &[]), []);
    assert_eq!(told(&["|F", "|FF", "o|"], &[]), None);
    assert_eq!(told(&["ooo"; 3], &[]), None);
}

proptest! {
    #[test]
    fn suspicions_are_in_order(
        groups in proptest::collection::vec(("[oF]{1,20}", "[oF]{0,9}"), 0..30),
    ) {
        let texts: Vec<String> = groups.iter().map(|(a, b)| format!("{a}|{b}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        if let Some((likelihood, groups)) = told(&texts, &[]) {
            prop_assert!((LIKELY..=1.0).contains(&likelihood));
            prop_assert!(groups.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(groups.iter().all(|&group| texts[group].contains('F')));
        }
    }
}
