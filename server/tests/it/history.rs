//! Mirrors of repositories: real ones, written by git itself.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use model::history::{Between, History, NewCommit, Resolved};
use seamgrid::{
    history::{Fetched, Mirrors, mirror_folder, mirror_path},
    settings::{ComponentSettings, Settings, VersionRule},
    store::Store,
};
use tempfile::TempDir;

/// A repository that is written by `git fast-import`, and what mirrors it.
struct World {
    dir: TempDir,
    store: Store,
}

impl World {
    async fn new() -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        let store = open(dir.path()).await;
        git(
            dir.path(),
            &[
                "init",
                "--quiet",
                "--bare",
                "--initial-branch=master",
                "source",
            ],
            "",
        );
        Self { dir, store }
    }

    fn source(&self) -> PathBuf {
        self.dir.path().join("source")
    }

    fn import(&self, stream: &str) {
        git(
            &self.source(),
            &["fast-import", "--quiet", "--force"],
            stream,
        );
    }

    fn sha(&self, name: &str) -> String {
        git(&self.source(), &["rev-parse", name], "")
            .trim()
            .to_owned()
    }

    fn settings(git: &str) -> Settings {
        let mut settings = Settings::default();
        settings.infra.components = vec![ComponentSettings {
            name: "infra".into(),
            repo: "org/infra".into(),
            git: Some(git.into()),
            from: vec![VersionRule::Metadata("x".into())],
        }];
        settings
    }

    async fn update(&self) -> Fetched {
        self.update_from(&self.source().display().to_string()).await
    }

    async fn update_from(&self, git: &str) -> Fetched {
        let mirrors = Mirrors::new(self.store.clone(), &Self::settings(git));
        let mut all = mirrors.update().await;
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    async fn commits(&self) -> Vec<NewCommit> {
        let stored = self.store.repository("org/infra").await.expect("a row");
        self.store
            .load_commits(stored.id, 0)
            .await
            .expect("commits")
            .0
    }

    async fn history(&self) -> History {
        let stored = self.store.repository("org/infra").await.expect("a row");
        let refs = self.store.load_refs(stored.id).await.expect("refs");
        let mut history = History::default();
        history.extend(self.commits().await);
        for (name, sha) in refs {
            if let Some(branch) = name.strip_prefix("refs/heads/") {
                history.branches.push((branch.to_owned(), sha));
            } else if let Some(tag) = name.strip_prefix("refs/tags/") {
                history.tags.push((tag.to_owned(), sha));
            }
        }
        history
    }
}

async fn open(folder: &Path) -> Store {
    Store::open(&format!("sqlite://{}", folder.join("results.db").display()))
        .await
        .expect("a new database")
}

fn git(folder: &Path, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git is installed");
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(input.as_bytes()).expect("it listens");
    drop(pipe);
    let done = child.wait_with_output().expect("it ends");
    assert!(
        done.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// One commit of a stream: on a branch, at a time, with a message, parents by mark, and files.
fn commit(
    mark: u32,
    branch: &str,
    secs: i64,
    message: &str,
    parents: &[u32],
    files: &[(&str, &str)],
) -> String {
    let mut text = format!("commit refs/heads/{branch}\nmark :{mark}\n");
    for role in ["author", "committer"] {
        text.push_str(&format!(
            "{role} Ann Öther <ann@example.com> {secs} +0200\n"
        ));
    }
    text.push_str(&format!("data {}\n{message}\n", message.len()));
    for (index, parent) in parents.iter().enumerate() {
        text.push_str(&format!(
            "{} :{parent}\n",
            if index == 0 { "from" } else { "merge" }
        ));
    }
    for (path, content) in files {
        text.push_str(&format!(
            "M 100644 inline {path}\ndata {}\n{content}\n",
            content.len()
        ));
    }
    text
}

const NOW: i64 = 1_772_323_200;

/// A topic merged into master, a bump, its revert; a release branch; a tag.
fn stream() -> String {
    let image = |tag: &str| format!("a: 1\nimage: example.com/x/boskos:{tag}\n");
    [
        commit(
            1,
            "master",
            NOW,
            "Begin",
            &[],
            &[
                ("a b.yaml", &image("v20260101-aaaaaaaaaa")),
                ("\"\\303\\274\"", "u"),
            ],
        ),
        commit(2, "topic", NOW + 5, "Work", &[1], &[("t", "1")]),
        commit(
            3,
            "master",
            NOW + 10,
            "Merge pull request #7 from me/topic\n\nDo the work\n",
            &[1, 2],
            &[("t", "1")],
        ),
        commit(
            4,
            "master",
            NOW + 20,
            "Bump images that are not wanted",
            &[3],
            &[("a b.yaml", &image("v20260102-bbbbbbbbbb"))],
        ),
        commit(5, "release-1", NOW + 25, "Only here", &[3], &[("r", "1")]),
        commit(
            6,
            "master",
            NOW + 30,
            "Revert \"Bump images\"\n\nThis reverts commit 1234567.",
            &[4],
            &[("a b.yaml", &image("v20260101-aaaaaaaaaa"))],
        ),
        "reset refs/tags/v1\nfrom :3\n\n".to_owned(),
        format!("tag v2\nfrom :4\ntagger A <a@b> {NOW} +0000\ndata 1\nx\n"),
    ]
    .concat()
}

#[tokio::test]
async fn what_landed_is_read_once_and_in_order() {
    let world = World::new().await;
    world.import(&stream());
    let first = world.update().await;
    assert_eq!(
        (first.commits, first.changed, first.problem),
        (6, true, None)
    );

    let history = world.history().await;
    let index = |name: &str| history.index_of(&world.sha(name)).expect("it is known");
    let (merge, head) = (index("v1"), index("master"));
    assert_eq!(&*history.commit(merge).title, "Do the work");
    assert_eq!(history.commit(merge).pull, Some(7));
    assert_eq!(history.commit(merge).at_ms, (NOW + 10) * 1000);
    assert_eq!(&*history.commit(merge).author, "Ann Öther");
    let files = |at: u32| history.files(history.commit(at)).collect::<Vec<_>>();
    assert_eq!(files(merge), ["t"]);
    assert_eq!(files(index("master~3")), ["a b.yaml", "ü"]);
    let Between::Forward(range) = history.between(merge, head) else {
        panic!("the head comes after the merge");
    };
    assert_eq!(range.len(), 2);
    let bump = history.commit(range[1]);
    assert_eq!(bump.bumps.len(), 1);
    assert_eq!(bump.bumps[0].what, "example.com/x/boskos");
    assert_eq!(bump.bumps[0].from.as_deref(), Some("v20260101-aaaaaaaaaa"));
    assert!(bump.observed && bump.reverts.is_none());
    let revert = history
        .commit(range[0])
        .reverts
        .as_deref()
        .expect("a revert");
    assert_eq!(revert.commit.as_deref(), Some("1234567"));
    assert_eq!(history.resolve("v2"), Resolved::One(index("master~1")));
    assert_eq!(
        history
            .branches_with(index("release-1"))
            .collect::<Vec<_>>(),
        ["release-1"]
    );
    // The topic's own commit is its branch's, as long as there is one.
    assert!(history.index_of(&world.sha("topic")).is_some());

    let again = world.update().await;
    assert_eq!((again.commits, again.changed), (0, false));
    world.import(&format!(
        "{}from refs/heads/master^0\n",
        commit(1, "master", NOW + 40, "More", &[], &[])
    ));
    let more = world.update().await;
    assert_eq!((more.commits, more.changed), (1, true));
    assert_eq!(world.commits().await.len(), 7);
}

#[tokio::test]
async fn a_mirror_that_is_gone_is_made_again() {
    let world = World::new().await;
    world.import(&stream());
    world.update().await;
    let folder = mirror_folder(&World::settings("x"), &world.store);
    assert_eq!(folder, world.dir.path().join("results.mirrors"));
    std::fs::remove_dir_all(mirror_path(&folder, "org/infra")).expect("it was there");
    world.import(&format!(
        "{}from refs/heads/master^0\n",
        commit(1, "master", NOW + 40, "More", &[], &[])
    ));
    let again = world.update().await;
    assert_eq!((again.commits, again.problem), (1, None));
}

#[tokio::test]
async fn a_branch_that_is_rewritten_keeps_what_was_there() {
    let world = World::new().await;
    world.import(&stream());
    world.update().await;
    let old = world.sha("master");
    world.import(&format!(
        "reset refs/heads/master\nfrom refs/tags/v1^0\n\n{}from refs/tags/v1^0\n",
        commit(1, "master", NOW + 50, "Another way", &[], &[])
    ));
    let forced = world.update().await;
    assert_eq!((forced.commits, forced.problem), (1, None));
    let history = world.history().await;
    let (old, new) = (
        history.index_of(&old).expect("it was known"),
        history.index_of(&world.sha("master")).expect("it is known"),
    );
    assert_eq!(history.branches_with(old).count(), 0);
    assert!(matches!(
        history.between(old, new),
        Between::Apart { base: Some(_), .. }
    ));
}

#[tokio::test]
async fn what_cannot_be_fetched_says_why_and_keeps_what_is_known() {
    let world = World::new().await;
    world.import(&stream());
    world.update().await;
    std::fs::rename(world.source(), world.dir.path().join("away")).expect("moved");
    let gone = world.update().await;
    let problem = gone.problem.expect("it is gone");
    assert!(
        problem.starts_with("org/infra cannot be fetched: git fetch: "),
        "{problem}"
    );
    assert_eq!(world.commits().await.len(), 6);
    let stored = world.store.repository("org/infra").await.expect("a row");
    assert_eq!(stored.problem, problem);
    assert!(stored.fetched_ms.is_some());
    // The same once more is no news.
    assert!(!world.update().await.changed);
    std::fs::rename(world.dir.path().join("away"), world.source()).expect("moved back");
    let back = world.update().await;
    assert_eq!((back.changed, back.problem), (true, None));

    for wrong in ["ext::sh -c true", "https://user:secret@127.0.0.1:1/x.git"] {
        let refused = world
            .update_from(wrong)
            .await
            .problem
            .expect("it is refused");
        assert!(!refused.contains("secret"), "{refused}");
    }
}

#[tokio::test]
async fn a_shallow_source_is_said_to_be_one() {
    let world = World::new().await;
    world.import(&stream());
    let shallow = world.dir.path().join("shallow");
    let from = format!("file://{}", world.source().display());
    let to = shallow.display().to_string();
    git(
        world.dir.path(),
        &["clone", "--quiet", "--bare", "--depth=2", "--", &from, &to],
        "",
    );
    let fetched = world.update_from(&to).await;
    assert_eq!((fetched.commits, fetched.problem), (2, None));
    let stored = world.store.repository("org/infra").await.expect("a row");
    assert!(stored.problem.contains("shallow"), "{}", stored.problem);
}

#[tokio::test]
async fn hostile_commits_are_only_text() {
    let world = World::new().await;
    let long = format!(
        "<script>alert(1)</script>\x01\x02\n\n{}",
        "m".repeat(1_000_000)
    );
    let first = commit(1, "master", NOW, &long, &[], &[("--help", "x")]);
    world.import(&first);
    let parent = world.sha("master");
    // A file that bears its parent's name, and one with a line in its name.
    world.import(&format!(
        "{}M 100644 inline {parent}\ndata 1\nx\nM 100644 inline \"a\\nb\"\ndata 1\nx\n",
        commit(1, "master", NOW + 1, "Next", &[], &[])
            .replace("Next\n", &format!("Next\nfrom {parent}\n"))
    ));
    let fetched = world.update().await;
    assert_eq!((fetched.commits, fetched.problem), (2, None));
    let commits = world.commits().await;
    assert_eq!(commits[0].subject, "<script>alert(1)</script>\u{1}\u{2}");
    assert!(commits[0].body.len() < 5_000);
    assert_eq!(commits[0].files, ["--help"]);
    assert_eq!(commits[1].files.len(), 2);
    assert!(commits[1].files.contains(&parent), "{:?}", commits[1].files);
}
