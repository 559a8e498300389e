use proptest::prelude::*;

use super::{
    super::{
        job::{Job, JobKind},
        tree::tests::{any_tree, list, map, text},
    },
    *,
};

fn container(image: &str) -> Tree {
    map([
        ("image", text(image)),
        ("command", list(&["runner.sh"])),
        ("args", list(&["make", "test"])),
        ("env", Tree::List(vec![env("A", "1")])),
        ("resources", map([("requests", map([("cpu", text("4"))]))])),
    ])
}

fn env(name: &str, value: &str) -> Tree {
    map([("name", text(name)), ("value", text(value))])
}

fn job() -> Tree {
    map([
        ("name", text("ci-x")),
        ("interval", text("2h")),
        ("cluster", text("build")),
        ("decorate", text("true")),
        (
            "labels",
            map([("preset-a", text("true")), ("team", text("node"))]),
        ),
        ("annotations", map([("testgrid-dashboards", text("x"))])),
        (
            "extra_refs",
            Tree::List(vec![map([
                ("org", text("kubernetes")),
                ("repo", text("kubernetes")),
                ("base_ref", text("master")),
            ])]),
        ),
        (
            "spec",
            map([("containers", Tree::List(vec![container("gcr.io/x/y:v1")]))]),
        ),
    ])
}

fn presets(value: &str) -> Vec<Preset> {
    vec![Preset::digest(&map([
        ("labels", map([("preset-a", text("true"))])),
        ("env", Tree::List(vec![env("TOKEN", value)])),
    ]))]
}

fn prow(tag: &str) -> ProwSettings {
    ProwSettings::digest(&map([(
        "plank",
        map([(
            "default_decoration_config_entries",
            Tree::List(vec![
                map([(
                    "config",
                    map([
                        ("timeout", text("2h")),
                        (
                            "utility_images",
                            map([("sidecar", text(&format!("sidecar:{tag}")))]),
                        ),
                    ]),
                )]),
                map([
                    ("cluster", text("other")),
                    ("config", map([("gcs_credentials_secret", text(""))])),
                ]),
            ]),
        )]),
    )]))
}

fn define(tree: &Tree) -> Definition {
    define_with(tree, "1", "v1")
}

fn define_with(tree: &Tree, preset: &str, tag: &str) -> Definition {
    let job = Job::digest(JobKind::Periodic, "", tree).expect("it has a name");
    Globals::new(presets(preset), prow(tag)).define(&job)
}

fn changed(key: &str, value: Tree) -> Tree {
    let mut tree = job();
    tree.overlay(&map([(key, value)]));
    tree
}

fn with_container(key: &str, value: Tree) -> Tree {
    let mut inner = container("gcr.io/x/y:v1");
    inner.overlay(&map([(key, value)]));
    changed("spec", map([("containers", Tree::List(vec![inner]))]))
}

#[test]
fn each_change_has_its_label() {
    let before = define(&job());
    for (label, after) in [
        (
            ChangeLabel::Image,
            with_container("image", text("gcr.io/x/y:v2")),
        ),
        (ChangeLabel::Cluster, changed("cluster", text("other"))),
        (
            ChangeLabel::Environment,
            with_container("args", list(&["make", "all"])),
        ),
        (
            ChangeLabel::Environment,
            with_container("env", Tree::List(vec![env("A", "2")])),
        ),
        (
            ChangeLabel::Resources,
            with_container("resources", map([("requests", map([("cpu", text("5"))]))])),
        ),
        (
            ChangeLabel::Timeout,
            changed("decoration_config", map([("timeout", text("3h"))])),
        ),
        (ChangeLabel::Trigger, changed("interval", text("3h"))),
        (
            ChangeLabel::Preset,
            changed("labels", map([("preset-a", text("false"))])),
        ),
        (
            ChangeLabel::Setting,
            changed("labels", map([("team", text("storage"))])),
        ),
        (
            ChangeLabel::Setting,
            with_container("securityContext", map([("privileged", text("true"))])),
        ),
        (
            ChangeLabel::Clone,
            changed(
                "extra_refs",
                Tree::List(vec![map([("org", text("o")), ("repo", text("r"))])]),
            ),
        ),
        (
            ChangeLabel::UtilityImage,
            changed(
                "decoration_config",
                map([("utility_images", map([("sidecar", text("sidecar:v9"))]))]),
            ),
        ),
    ] {
        let labels = before.difference(&define(&after));
        // Only another cluster has other defaults, too.
        let expected: Labels = if label == ChangeLabel::Cluster {
            [label, ChangeLabel::Setting].into_iter().collect()
        } else {
            [label].into_iter().collect()
        };
        assert_eq!(labels, expected, "{after:?}");
    }
}

#[test]
fn what_only_people_read_changes_nothing() {
    let before = define(&job());
    for after in [
        changed("annotations", map([("testgrid-dashboards", text("y"))])),
        changed("annotations", map([("description", text("other"))])),
        changed("decoration_config", map([("timeout", text("2h0m0s"))])),
        with_container(
            "resources",
            map([("requests", map([("cpu", text("4000m"))]))]),
        ),
    ] {
        assert_eq!(before, define(&after), "{after:?}");
    }
}

#[test]
fn what_is_global_reaches_those_it_covers() {
    let covered = job();
    let other = changed("labels", map([("preset-a", text("false"))]));
    let own_images = changed(
        "decoration_config",
        map([("utility_images", map([("sidecar", text("mine"))]))]),
    );
    let plain = changed("decorate", text("false"));
    for (tree, preset, images) in [
        (&covered, true, true),
        (&other, false, true),
        (&own_images, true, false),
        (&plain, true, false),
    ] {
        let before = define(tree);
        let by_preset = before.difference(&define_with(tree, "2", "v1"));
        assert_eq!(by_preset.contains(ChangeLabel::Preset), preset, "{tree:?}");
        assert_eq!(by_preset.is_empty(), !preset);
        let by_images = before.difference(&define_with(tree, "1", "v2"));
        assert_eq!(
            by_images.contains(ChangeLabel::UtilityImage),
            images,
            "{tree:?}"
        );
        assert_eq!(by_images.is_empty(), !images);
    }
}

#[test]
fn a_prow_job_has_the_hash_of_its_definition() {
    let spec = map([
        ("cluster", text("build")),
        ("job", text("ci-x")),
        (
            "extra_refs",
            Tree::List(vec![map([
                ("org", text("kubernetes")),
                ("repo", text("kubernetes")),
                ("base_ref", text("master")),
                ("base_sha", text("0123456789")),
            ])]),
        ),
        (
            "decoration_config",
            map([
                ("timeout", text("2h0m0s")),
                ("utility_images", map([("sidecar", text("sidecar:v1"))])),
            ]),
        ),
        (
            "pod_spec",
            map([(
                "containers",
                Tree::List(vec![map([
                    ("name", text("")),
                    ("image", text("gcr.io/x/y:v1")),
                    ("command", list(&["runner.sh"])),
                    ("args", list(&["make", "test"])),
                    ("env", Tree::List(vec![env("TOKEN", "1"), env("A", "1")])),
                    ("resources", map([("requests", map([("cpu", text("4"))]))])),
                ])]),
            )]),
        ),
    ]);
    assert_eq!(run_hash(&spec), Some(define(&job()).run));
    assert_ne!(run_hash(&spec), Some(define_with(&job(), "2", "v1").run));
    assert_ne!(run_hash(&spec), Some(define_with(&job(), "1", "v2").run));
    assert_eq!(run_hash(&Tree::default()), None);
}

#[test]
fn the_most_particular_default_wins() {
    let prow = ProwSettings::digest(&map([(
        "plank",
        map([(
            "default_decoration_configs",
            map([
                ("kubernetes/kubernetes", map([("timeout", text("5h"))])),
                ("*", map([("timeout", text("1h"))])),
                ("kubernetes", map([("timeout", text("3h"))])),
            ]),
        )]),
    )]));
    let hash = |tree: &Tree, prow: &ProwSettings| {
        let job = Job::digest(JobKind::Periodic, "", tree).expect("it has a name");
        Globals::new(Vec::new(), prow.clone()).define(&job)
    };
    let own = changed("decoration_config", map([("timeout", text("5h"))]));
    assert_eq!(hash(&job(), &prow), hash(&own, &ProwSettings::default()));
}

proptest! {
    #[test]
    fn any_mapping_is_a_job_or_none(tree in any_tree()) {
        let _ = Job::digest(JobKind::Presubmit, "o/r", &tree);
        let _ = run_hash(&tree);
    }

    #[test]
    fn equal_exactly_when_nothing_differs(key in "[a-z]{3,8}", value in any_tree()) {
        prop_assume!(!value.is_empty() && key != "name");
        let (a, b) = (define(&job()), define(&changed(&key, value)));
        prop_assert_eq!(a.facets == b.facets, a.difference(&b).is_empty());
    }
}
