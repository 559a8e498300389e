//! Which files of a repository a job's commands name.

/// The words of a script that may be paths: those with a slash that are no address, without what
/// leads to a checkout. `--scenario=NAME`, as the bootstrap script takes it, stands for a file too.
/// In the order of the script, each once.
pub(super) fn path_words(script: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut add = |word: String| {
        if !words.contains(&word) {
            words.push(word);
        }
    };
    for line in script.lines() {
        if let Some(scenario) = line.trim().strip_prefix("--scenario=") {
            add(format!("scenarios/{scenario}.py"));
        }
        let is_separator = |next: char| {
            next.is_whitespace()
                || matches!(
                    next,
                    '"' | '\'' | '`' | '=' | ',' | ';' | '(' | ')' | '|' | '&' | '>' | '<'
                )
        };
        for word in line.split(is_separator) {
            if word.contains("://") || word.len() > 300 {
                continue;
            }
            let word = word
                .trim_start_matches('@')
                .trim_end_matches(['/', ':', '.']);
            if word.trim_matches(['/', '.']).contains('/') {
                add(word.to_owned());
            }
        }
    }
    words
}

/// The path inside the repository `repo` (`org/name`) that a word names: what follows the
/// repository's name, or the word itself when it is relative and the job runs inside the repository.
pub fn path_in<'a>(word: &'a str, repo: &str, runs_inside: bool) -> Option<&'a str> {
    let name = repo.rsplit('/').next().unwrap_or(repo);
    let mut from = word;
    let mut inside = None;
    while let Some(at) = from.find(name) {
        let rest = &from[at + name.len()..];
        let begins = at == 0 || from.as_bytes()[at - 1] == b'/';
        if begins && let Some(path) = rest.strip_prefix('/') {
            inside = Some(path);
        }
        from = rest;
    }
    let path = match inside {
        Some(path) => path,
        None if runs_inside && !word.starts_with(['/', '$', '~']) => {
            word.trim_start_matches("./").trim_start_matches("../")
        }
        None => word.strip_prefix("scenarios/").map(|_| word)?,
    };
    (!path.is_empty()).then_some(path)
}

/// Whether a change of the file `changed` can reach a job that names `path` of the same repository:
/// it is that file, lies in that folder or beside that file, or in a folder above it that is not one of
/// the first two levels.
pub fn touches(path: &str, changed: &str) -> bool {
    if path == changed || is_below(changed, path) {
        return true;
    }
    fn folder(path: &str) -> &str {
        path.rfind('/').map_or("", |at| &path[..at])
    }
    let (near, far) = (folder(path), folder(changed));
    if near.is_empty() || far.is_empty() {
        return false;
    }
    let named_file = path
        .rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.'));
    (named_file && (far == near || is_below(far, near)))
        || (far.contains('/') && is_below(near, far))
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_paths_not_addresses() {
        let script = "--image-config-file=/go/src/k8s.io/test-infra/jobs/e2e_node/a.yaml\n\
            ./hack/run.sh https://example.org/a/b gs://bucket/x && \"cat ../test-infra/x/y.sh\"\n\
            --scenario=kubernetes_e2e\nplain\n/\n./\n--from=a/b,c/d\n";
        assert_eq!(
            path_words(script),
            [
                "/go/src/k8s.io/test-infra/jobs/e2e_node/a.yaml",
                "./hack/run.sh",
                "../test-infra/x/y.sh",
                "scenarios/kubernetes_e2e.py",
                "a/b",
                "c/d",
            ]
        );
    }

    #[test]
    fn words_name_paths_of_one_repository() {
        let repo = "kubernetes/test-infra";
        for (word, inside, path) in [
            (
                "/go/src/k8s.io/test-infra/jobs/a.yaml",
                false,
                Some("jobs/a.yaml"),
            ),
            ("../test-infra/x/y.sh", false, Some("x/y.sh")),
            ("$GOPATH/src/k8s.io/test-infra", false, None),
            ("./hack/run.sh", false, None),
            ("./hack/run.sh", true, Some("hack/run.sh")),
            ("hack/run.sh", true, Some("hack/run.sh")),
            ("/etc/hosts", true, None),
            ("/x/my-test-infra/y", false, None),
            ("scenarios/execute.py", false, Some("scenarios/execute.py")),
        ] {
            assert_eq!(path_in(word, repo, inside), path, "{word}");
        }
    }

    #[test]
    fn changes_reach_what_lies_near() {
        for (path, changed, reached) in [
            (
                "jobs/e2e_node/crio/latest/image.yaml",
                "jobs/e2e_node/crio/latest/image.yaml",
                true,
            ),
            (
                "jobs/e2e_node/crio/latest/image.yaml",
                "jobs/e2e_node/crio/latest/other.yaml",
                true,
            ),
            (
                "jobs/e2e_node/crio/latest/image.yaml",
                "jobs/e2e_node/crio/latest/deep/other.yaml",
                true,
            ),
            (
                "jobs/e2e_node/crio/latest/image.yaml",
                "jobs/e2e_node/crio/crio.ign",
                true,
            ),
            (
                "jobs/e2e_node/crio/latest/image.yaml",
                "jobs/e2e_node/containerd/x.yaml",
                false,
            ),
            ("jobs/e2e_node/crio/latest/image.yaml", "jobs/OWNERS", false),
            ("jobs/e2e_node/crio/latest/image.yaml", "OWNERS", false),
            ("kubetest2/gce", "kubetest2/gce/main.go", true),
            ("kubetest2/gce", "kubetest2/other/main.go", false),
            ("kubetest2/gce", "kubetest2/main.go", false),
        ] {
            assert_eq!(touches(path, changed), reached, "{path} by {changed}");
        }
    }

    proptest! {
        #[test]
        fn any_script_has_words(script in "[a-z/.= \n\"é:-]{0,80}") {
            for word in path_words(&script) {
                prop_assert!(word.contains('/'));
                let _ = path_in(&word, "o/a", true);
                prop_assert!(touches(&word, &word));
            }
        }
    }
}
