//! The same questions to a folder and to an object store.

use std::{fs, os::unix::fs::symlink, path::Path as FilePath};

use object_store::{
    Attribute, Attributes, ObjectStoreExt, PutOptions, local::LocalFileSystem, memory::InMemory,
    path::Path,
};
use tempfile::TempDir;

use super::*;

const CAP: u64 = 100;

fn wanted(name: &str) -> Option<u64> {
    FilePath::new(name)
        .extension()
        .is_some_and(|extension| extension == "json" || extension == "xml")
        .then_some(CAP)
}

fn write(root: &FilePath, path: &str, content: &str) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, content).unwrap();
}

/// The same small world as a folder, as a folder through the object store, and in memory.
async fn worlds() -> (TempDir, Vec<Buckets>) {
    let dir = TempDir::new().unwrap();
    let files = [
        ("logs/a job/9/started.json", "{}"),
        ("logs/a job/10/started.json", "{\"timestamp\":1}"),
        ("logs/a job/10/finished.json", ""),
        ("logs/a job/10/build-log.txt", "long"),
        (
            "logs/a job/10/artifacts/deep/junit_ü [1].xml",
            "<testsuite/>",
        ),
        ("logs/a job/10/artifacts/big.xml", &"x".repeat(101)),
        ("logs/a job/latest-build.txt", "10"),
        ("logs/a job/11", "a file"),
    ];
    let memory = InMemory::new();
    for (path, content) in files {
        write(dir.path(), path, content);
        memory
            .put(&Path::parse(path).unwrap(), content.to_owned().into())
            .await
            .unwrap();
    }
    let local = LocalFileSystem::new_with_prefix(dir.path()).unwrap();
    let stores = vec![
        Bucket::from_folder("b", dir.path()),
        Bucket::from_store("b", Arc::new(local), Path::default()),
        Bucket::from_store("b", Arc::new(memory), Path::default()),
    ];
    let buckets = stores
        .into_iter()
        .map(|bucket| Buckets::new(vec![bucket], Limits::default()))
        .collect();
    (dir, buckets)
}

fn contents(read: &ReadFolder) -> Vec<(&str, Result<&str, &str>)> {
    read.files
        .iter()
        .map(|file| {
            let content = match &file.content {
                Ok(bytes) => Ok(std::str::from_utf8(bytes).unwrap()),
                Err(reason) => Err(reason.as_str()),
            };
            (file.name.as_str(), content)
        })
        .collect()
}

#[tokio::test]
async fn every_place_answers_alike() {
    let (_dir, worlds) = worlds().await;
    for buckets in worlds {
        let mut children = buckets.list_children("b/logs/a job/").await.unwrap();
        children.folders.sort();
        children.objects.sort();
        assert_eq!(children.folders, ["10", "9"]);
        assert_eq!(children.objects, ["11", "latest-build.txt"]);
        assert_eq!(
            buckets.list_children("b/logs/nothing").await.unwrap(),
            Children::default()
        );

        let read = buckets
            .read_folder("b/logs/a job/10", wanted)
            .await
            .unwrap();
        assert_eq!(
            contents(&read),
            [
                (
                    "artifacts/big.xml",
                    Err("it is 101 bytes long; at most 100 are read")
                ),
                ("artifacts/deep/junit_ü [1].xml", Ok("<testsuite/>")),
                ("finished.json", Ok("")),
                ("started.json", Ok("{\"timestamp\":1}")),
            ]
        );

        let file = buckets
            .read_folder("b/logs/a job/11", wanted)
            .await
            .unwrap();
        assert_eq!(
            contents(&file),
            [(".", Err("`logs/a job/11` is a file, not a folder"))]
        );
        let nothing = buckets
            .read_folder("b/logs/a job/12", wanted)
            .await
            .unwrap();
        assert_eq!(
            contents(&nothing),
            [(".", Err("there is no folder `logs/a job/12`"))]
        );

        let started = "b/logs/a job/10/started.json";
        let file = buckets.read_file(started, CAP).await.unwrap().unwrap();
        assert_eq!(file.content.unwrap(), "{\"timestamp\":1}");
        let file = buckets.read_file(started, 3).await.unwrap().unwrap();
        assert_eq!(
            file.content.unwrap_err(),
            "it is 15 bytes long; at most 3 are read"
        );
        assert!(
            buckets
                .read_file("b/logs/none", CAP)
                .await
                .unwrap()
                .is_none()
        );
    }
}

#[tokio::test]
async fn pointers_are_metadata_or_text() {
    let (_dir, worlds) = worlds().await;
    for buckets in worlds {
        let text = buckets.read_pointer("b/logs/a job/latest-build.txt").await;
        assert_eq!(text.unwrap().as_deref(), Some("10"));
        assert_eq!(buckets.read_pointer("b/logs/none.txt").await.unwrap(), None);
    }
    let memory = InMemory::new();
    let attributes =
        Attributes::from_iter([(Attribute::Metadata("link".into()), " gs://b/pr-logs/x \n")]);
    memory
        .put_opts(
            &Path::from("p/1.txt"),
            "text".into(),
            PutOptions {
                attributes,
                ..PutOptions::default()
            },
        )
        .await
        .unwrap();
    let bucket = Bucket::from_store("b", Arc::new(memory), Path::default());
    let buckets = Buckets::new(vec![bucket], Limits::default());
    let link = buckets.read_pointer("b/p/1.txt").await.unwrap();
    assert_eq!(link.as_deref(), Some("gs://b/pr-logs/x"));
}

#[tokio::test]
async fn what_cannot_be_read_says_why() {
    let dir = TempDir::new().unwrap();
    write(dir.path(), "j/1/finished.json/inside.txt", "");
    write(dir.path(), "j/1/#1.xml", "<a/>");
    symlink("nowhere", dir.path().join("j/1/started.json")).unwrap();
    symlink(".", dir.path().join("j/1/loop")).unwrap();
    symlink("1", dir.path().join("j/2")).unwrap();
    let buckets = Buckets::new(
        vec![Bucket::from_folder("b", dir.path())],
        Limits::default(),
    );

    let mut folders = buckets.list_children("b/j").await.unwrap().folders;
    folders.sort();
    assert_eq!(folders, ["1", "2"]);
    for build in ["b/j/1", "b/j/2"] {
        let read = buckets.read_folder(build, wanted).await.unwrap();
        let found: Vec<_> = contents(&read)
            .into_iter()
            .filter(|(name, _)| !name.starts_with("loop/"))
            .collect();
        assert_eq!(
            found,
            [
                ("#1.xml", Ok("<a/>")),
                ("finished.json", Err("it is a folder, not a file")),
                ("started.json", Err("it is a link that leads nowhere")),
            ]
        );
    }
}

#[tokio::test]
async fn a_build_that_is_too_much_is_cut() {
    let dir = TempDir::new().unwrap();
    for index in 0..4 {
        write(dir.path(), &format!("1/{index}.xml"), &"x".repeat(50));
    }
    let limits = Limits {
        total_bytes: 100,
        files: 3,
    };
    let buckets = Buckets::new(vec![Bucket::from_folder("b", dir.path())], limits);
    let read = buckets.read_folder("b/1", wanted).await.unwrap();
    let long = "x".repeat(50);
    assert_eq!(
        contents(&read),
        [
            (
                ".",
                Err("the build has 4 result files; only the first 3 are read")
            ),
            ("0.xml", Ok(long.as_str())),
            ("1.xml", Ok(long.as_str())),
            (
                "2.xml",
                Err(
                    "the build's result files are together longer than 100 bytes, and this one is beyond that"
                )
            ),
        ]
    );
}

#[tokio::test]
async fn builds_share_the_memory_and_give_it_back() {
    let dir = TempDir::new().unwrap();
    write(dir.path(), "1/a.xml", &"x".repeat(80));
    write(dir.path(), "2/a.xml", &"y".repeat(80));
    let limits = Limits {
        total_bytes: 100,
        files: 3,
    };
    let buckets = Buckets::new(vec![Bucket::from_folder("b", dir.path())], limits);
    assert_eq!(buckets.budget.available_permits(), 1);
    let first = buckets.read_folder("b/1", wanted).await.unwrap();
    assert_eq!(buckets.budget.available_permits(), 0);
    let other = buckets.clone();
    let second = tokio::spawn(async move { other.read_folder("b/2", wanted).await });
    drop(first);
    let second = second.await.unwrap().unwrap();
    assert_eq!(second.files.len(), 1);
    assert_eq!(buckets.budget.available_permits(), 0);
    drop(second);
    assert_eq!(buckets.budget.available_permits(), 1);
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_named() {
    let dir = TempDir::new().unwrap();
    let missing = dir.path().join("missing");
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for (folder, reason) in [
        (missing, "the folder does not exist"),
        (file, "it is not a folder"),
    ] {
        let url = format!("file://{}", folder.display());
        let buckets = Buckets::from_settings(&[settings("ci", &url)]).unwrap();
        let expected = format!("the bucket `ci` at {url} cannot be read: {reason}");
        let listed = buckets.list_children("ci/logs/j").await;
        assert_eq!(listed.unwrap_err().to_string(), expected);
        let read = buckets.read_folder("ci/logs/j/1", wanted).await;
        assert_eq!(read.unwrap_err().to_string(), expected);
        let read = buckets.read_file("ci/logs/j/1/a.json", CAP).await;
        assert_eq!(read.unwrap_err().to_string(), expected);
    }
}

#[tokio::test]
async fn no_path_leads_out_of_a_bucket() {
    let (_dir, worlds) = worlds().await;
    for buckets in worlds {
        for path in ["b/../x", "b/logs/../../x", "b/./x"] {
            assert!(buckets.list_children(path).await.is_err(), "{path}");
            assert!(buckets.read_file(path, CAP).await.is_err(), "{path}");
        }
    }
}

fn settings(prefix: &str, url: &str) -> BucketSettings {
    BucketSettings {
        prefix: prefix.into(),
        url: url.into(),
        credentials: None,
        endpoint: None,
        parallel: None,
    }
}

#[test]
fn the_longest_prefix_wins() {
    let buckets = Buckets::from_settings(&[
        settings("ci", "file:///one"),
        settings("/ci/logs/", "file:///two%20words"),
        settings("ci-more", "file:///three"),
    ])
    .unwrap();
    for (path, url, rest) in [
        ("ci/logs/j", "file:///two%20words", "j"),
        ("ci/logs", "file:///two%20words", ""),
        ("ci/logs-old/j", "file:///one", "logs-old/j"),
        ("/ci-more/logs/j/", "file:///three", "logs/j"),
    ] {
        let (bucket, remains) = buckets.resolve(path).unwrap();
        assert_eq!((bucket.url.as_str(), remains), (url, rest), "{path}");
    }
    let (bucket, _) = buckets.resolve("ci/logs").unwrap();
    assert!(matches!(&bucket.place, Place::Folder(path) if path == FilePath::new("/two words")));
    assert_eq!(
        buckets.resolve("other/logs").unwrap_err().to_string(),
        "no bucket of the settings holds `other/logs`"
    );
}

#[test]
fn every_bad_url_is_reported() {
    let error = Buckets::from_settings(&[
        settings("a", "ftp://host/x"),
        settings("b", "file:relative"),
        settings("c", "file:///fine"),
        settings("d", "no url"),
        settings("e", "file://host/x"),
    ])
    .unwrap_err();
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].contains("`a`") && lines[0].contains("`ftp` is not supported"));
    assert!(lines[1].contains("`b`") && lines[1].contains("whole path"));
    assert!(lines[2].contains("`d`"));
    assert!(lines[3].contains("`e`") && lines[3].contains("whole path"));
}
