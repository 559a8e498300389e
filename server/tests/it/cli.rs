//! The program itself: exit codes, and one clear paragraph for each thing that can be wrong.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

/// Runs the program in `folder`, without the environment's settings.
fn seamgrid(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seamgrid"));
    command.current_dir(folder).args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SEAMGRID_") {
            command.env_remove(name);
        }
    }
    command.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_owned()).expect("the program writes text")
}

/// The one line on standard error of a command that must fail with exit code 1.
fn failure(folder: &Path, arguments: &[&str]) -> String {
    let output = seamgrid(folder, arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
    let mut lines: Vec<&str> = said.lines().collect();
    let last = lines.pop().expect("a failure says why");
    assert!(last.starts_with("seamgrid: "), "{arguments:?}: {said}");
    last.to_owned()
}

#[test]
fn what_is_wrong_is_one_clear_sentence() {
    let folder = TempDir::new().expect("a folder can be made");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("key.yaml"), "update:\n  poll_sec: 3\n").expect("it is written");
    std::fs::write(at("pattern.yaml"), "releases: {dashboard_pattern: '('}\n")
        .expect("it is written");
    std::fs::write(
        at("bucket.yaml"),
        "testgrid: {config: [], prow_jobs: []}\nbuckets: [{prefix: a, url: 'gopher://a'}]\n",
    )
    .expect("it is written");
    std::fs::write(at("text.db"), "not a database, but long enough to look at").expect("written");

    for (arguments, words) in [
        (
            vec!["serve", "--config", "none.yaml"],
            "cannot read the settings file none.yaml: ",
        ),
        (
            vec!["update", "--config", "key.yaml"],
            "key.yaml:2: unknown field `poll_sec`",
        ),
        (
            vec!["serve", "--config", "pattern.yaml"],
            "pattern.yaml:1: releases.dashboard_pattern \"(\" is not a regular expression: ",
        ),
        (
            vec!["update", "--once", "--config", "bucket.yaml"],
            "gopher",
        ),
        (
            vec!["serve", "--database", "sqlite://no/such/folder.db"],
            "the database no/such/folder.db cannot be opened or created: ",
        ),
        (vec!["serve", "--database", "mysql://x"], "mysql"),
        (
            vec!["import", "--database", "sqlite://text.db", "."],
            "text.db is not a Seamgrid database: ",
        ),
        (
            vec!["simulate", "--out", "."],
            ". is not empty; name a new folder for the simulated world",
        ),
        (
            vec!["update", "--once", "--group", "nobody"],
            "nobody: no test group with a `gcs_prefix` has this name",
        ),
    ] {
        let said = failure(folder.path(), &arguments);
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn an_address_in_use_is_named() {
    let folder = TempDir::new().expect("a folder can be made");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it is bound").to_string();
    assert_eq!(
        failure(folder.path(), &["serve", "--listen", &address]),
        format!(
            "seamgrid: cannot listen on {address}: the address is already in use; choose another address with --listen"
        )
    );
}

#[test]
fn wrong_usage_is_exit_code_two() {
    let folder = TempDir::new().expect("a folder can be made");
    for arguments in [
        &["serv"][..],
        &[],
        &["import"],
        &["simulate", "--out", "x", "--scale", "huge"],
        &["serve", "--listen"],
        &["update", "--log-format", "xml"],
    ] {
        let output = seamgrid(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn help_names_every_flag_with_its_variable_and_default() {
    let folder = TempDir::new().expect("a folder can be made");
    for (command, flags) in [
        ("serve", &["no-update"][..]),
        ("update", &["once", "group"]),
        ("check-config", &[]),
        ("import", &[]),
        ("simulate", &["out", "seed", "days", "scale", "incident"]),
    ] {
        let output = seamgrid(folder.path(), &[command, "--help"]);
        assert_eq!(output.status.code(), Some(0), "{command}");
        let help = text(&output.stdout);
        for flag in flags
            .iter()
            .chain(&["config", "database", "listen", "log-format"])
        {
            let variable = flag.to_uppercase().replace('-', "_");
            assert!(help.contains(&format!("--{flag}")), "{command}: {help}");
            assert!(
                help.contains(&format!("[env: SEAMGRID_{variable}=]")),
                "{command} {flag}: {help}"
            );
        }
        for default in [
            "sqlite://seamgrid.db",
            "127.0.0.1:8080",
            "pretty",
            "seamgrid.yaml",
        ] {
            assert!(
                help.contains(&format!("[default: {default}")),
                "{command} {default}: {help}"
            );
        }
    }
}

#[test]
fn a_configuration_is_checked_and_counted() {
    let folder = TempDir::new().expect("a folder can be made");
    let write = |content: &str| {
        std::fs::write(folder.path().join("a.yaml"), content).expect("it is written");
    };
    write(
        "test_groups: [{name: some-job, gcs_prefix: bucket/logs/some-job, days_of_results: 1, num_columns_recent: 1}]\n\
         dashboards:\n- name: some-board\n  dashboard_tab: [{name: some-tab, test_group_name: some-job}]\n",
    );
    let right = seamgrid(folder.path(), &["check-config", "a.yaml"]);
    assert_eq!(
        text(&right.stdout),
        "test groups: 1\ntabs: 1\ndashboards: 1\ndashboard groups: 0\n"
    );
    assert_eq!(right.status.code(), Some(0));
    write(
        "test_groups: [{name: some-job, gcs_prefix: bucket/logs/some-job, days_of_results: 1, num_columns_recent: 1}]\n\
         dashboards:\n- name: some-board\n  dashboard_tab: [{name: some-tab, test_group_name: nobody}]\n",
    );
    let wrong = seamgrid(folder.path(), &["check-config", "a.yaml"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        text(&wrong.stdout).contains("a.yaml:4: "),
        "{}",
        text(&wrong.stdout)
    );
}

#[test]
fn groups_whose_runs_are_uploaded_need_no_bucket() {
    let folder = TempDir::new().expect("a folder can be made");
    let write = |name: &str, content: &str| {
        std::fs::write(folder.path().join(name), content).expect("it is written");
    };
    write(
        "a.yaml",
        "test_groups: [{name: airflow-nightly, days_of_results: 1, num_columns_recent: 1}]\n\
         dashboards:\n- name: some-board\n  dashboard_tab: [{name: some-tab, test_group_name: airflow-nightly}]\n",
    );
    let wrong = seamgrid(folder.path(), &["check-config", "a.yaml"]);
    assert_eq!(wrong.status.code(), Some(1));
    let said = text(&wrong.stdout);
    assert!(said.contains("`push.groups` of the settings"), "{said}");
    write("seamgrid.yaml", "push: {groups: ['airflow-*']}\n");
    let right = seamgrid(folder.path(), &["check-config", "a.yaml"]);
    assert_eq!(right.status.code(), Some(0), "{}", text(&right.stdout));
}

/// As the first process of a container a program is ended by no signal that it does not ask for.
#[cfg(unix)]
#[test]
fn who_waits_for_a_database_can_be_told_to_stop() {
    use std::io::{BufRead as _, BufReader};

    let folder = TempDir::new().expect("a folder can be made");
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = nobody.local_addr().expect("it is bound").port();
    drop(nobody);
    let database = format!("postgres://seamgrid@127.0.0.1:{port}/seamgrid");
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["update"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seamgrid"));
        command
            .current_dir(folder.path())
            .args(arguments)
            .args(["--database", &database, "--metrics-listen", "off"])
            .env_remove("SEAMGRID_CONFIG")
            .env_remove("RUST_LOG")
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped());
        let mut process = command.spawn().expect("the program starts");
        let stderr = process.stderr.take().expect("it is ours");
        let mut lines = BufReader::new(stderr).lines();
        let waits = lines.any(|line| line.is_ok_and(|line| line.contains("waiting for it")));
        assert!(waits, "{arguments:?}");
        let told = Command::new("kill")
            .args(["-TERM", &process.id().to_string()])
            .status();
        assert!(told.expect("there is a kill").success());
        let ended = process.wait().expect("it ends");
        assert_eq!(ended.code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn the_interface_is_described_without_a_server() {
    let folder = TempDir::new().expect("a folder can be made");
    let output = seamgrid(folder.path(), &["export", "openapi"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let printed: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("it prints JSON alone");
    let served = seamgrid::http::openapi::document();
    assert_eq!(printed, served.expect("it is JSON"));
    let output = seamgrid(folder.path(), &["export"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn tokens_are_printed_once_listed_and_revoked() {
    let folder = TempDir::new().expect("a folder can be made");
    let run = |arguments: &[&str]| {
        let output = seamgrid(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let made = run(&[
        "token",
        "create",
        "--groups",
        "ci-*",
        "--name",
        "airflow",
        "--expires",
        "90d",
    ]);
    let token = made.lines().last().expect("a last line");
    assert!(token.starts_with("seamgrid_") && token.len() > 40, "{made}");
    assert!(!token.contains(' '), "{made}");
    let listed = run(&["token", "list"]);
    assert!(
        listed.contains("airflow") && listed.contains("ci-*") && listed.contains("good"),
        "{listed}"
    );
    assert!(!listed.contains(token), "{listed}");
    let database = std::fs::read(folder.path().join("seamgrid.db")).expect("the database");
    let kept = database
        .windows(token.len())
        .any(|bytes| bytes == token.as_bytes());
    assert!(!kept, "the token itself is kept nowhere");
    assert!(run(&["token", "revoke", "1"]).contains("revoked"));
    assert!(run(&["token", "list"]).contains("revoked"));
    let said = failure(folder.path(), &["token", "revoke", "7"]);
    assert!(said.contains("number 7"), "{said}");
    let said = failure(
        folder.path(),
        &["token", "create", "--groups", "x", "--expires", "soon"],
    );
    assert!(said.contains("\"soon\" is not a time span"), "{said}");
}
