//! Pages of versions and of two builds, and commits that are searched.

use axum::http::StatusCode;

use super::world::{boskos, image_bump};

#[tokio::test]
async fn versions_and_builds_have_pages() {
    let world = image_bump().await;
    let incident = world.incident();
    let bad = incident.bad_version.as_deref().expect("a version");
    let page = world
        .reader
        .infra_version("test-infra", &bad[..10])
        .expect("a version");
    assert_eq!(page.line.version, bad);
    let (runs, before) = page
        .tabs
        .iter()
        .fold((0, 0), |sum, tab| (sum.0 + tab.bad, sum.1 + tab.bad_before));
    assert!(runs > before, "{page:#?}");
    let (status, html) = world
        .page(&app::paths::infra_version("test-infra", bad))
        .await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("data-testid=\"version-tab\""));
    let over = page.tabs.iter().map(|tab| tab.runs).sum::<u32>();
    let share = f64::from(runs) * 100.0 / f64::from(over);
    let said = format!("With it {runs} of {over} ({share:.1} %) runs failed");
    assert!(html.contains(&said), "{said}");

    let found = world.true_seam();
    let tab = found.tabs.iter().find(|tab| tab.exact).expect("a tab");
    let path = app::paths::compare_builds(&tab.dashboard, &tab.tab, &tab.before, &tab.build);
    let (status, html) = world.page(&path).await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains(&format!(
        "data-testid=\"builds-component\" data-component=\"{}\"",
        "test-infra"
    )));
    let builds = [tab.before.as_str(), &tab.build];
    let told = world
        .reader
        .compare_builds(&tab.dashboard, &tab.tab, builds)
        .await
        .expect("two builds");
    assert!(told.spec.older_known && told.spec.newer_known, "{told:#?}");
    let image = told
        .spec
        .changes
        .iter()
        .find(|change| change.facet == model::job_spec::Facet::Image)
        .expect("the image that was bumped");
    assert!(image.from.is_some() && image.to.is_some(), "{image:?}");
    assert!(told.rows.both > 0);
    assert_eq!(told.headers.is_empty(), !html.contains("builds-header"));
    // The part of a page is the same without a page around it, and the order of the builds is found.
    let part = app::paths::compare_builds_part(&tab.dashboard, &tab.tab, &tab.build, &tab.before);
    let (status, part) = world.page(&part).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        part.contains("builds-spec-change") && !part.contains("<html"),
        "{part}"
    );
    assert!(part.contains("data-testid=\"builds-end\" data-side=\"older\""));
    let (status, problem) = world
        .page(&app::paths::compare_builds_part(
            &tab.dashboard,
            &tab.tab,
            "1",
            "2",
        ))
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(problem.starts_with("{\"error\""), "{problem}");

    let path = app::paths::seam(&tab.dashboard, &tab.tab, &tab.build);
    let (status, html) = world.page(&path).await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("data-testid=\"seam-change\"") && html.contains("</html>"));
    let (_, part) = world
        .page(&app::paths::seam_part(&tab.dashboard, &tab.tab, &tab.build))
        .await;
    assert!(part.contains("seam-verdict") && !part.contains("</html>"));
    // A cell that failed says what can be done, and leads to where that began.
    let grid = world.reader.tab_view(&tab.dashboard, &tab.tab).await;
    let view = grid.expect("a grid");
    let grid = &view.grid.grid;
    let (row, column) = grid
        .rows
        .iter()
        .find_map(|row| {
            let failed = row
                .statuses
                .iter()
                .position(model::status::Status::is_failing)?;
            Some((row, failed))
        })
        .expect("a cell that failed");
    let (since, _) = row.failing_since(column).expect("a streak");
    let path = app::paths::tab(&tab.dashboard, &tab.tab);
    let (status, part) = world
        .page(&app::paths::cell_part(
            &path,
            &row.id,
            &grid.columns[column].build,
        ))
        .await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        part.contains(&format!("data-seam=\"{}\"", grid.columns[since].build)),
        "{part}"
    );
    for said in [
        "File a bug",
        "Copy as Markdown",
        "test-infra%3A+",
        "kubernetes%2Fkubernetes%3A+",
    ] {
        assert!(part.contains(said), "{said} in {part}");
    }
    let (status, _) = world
        .page(&app::paths::cell_part(&path, "no such row", "1"))
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);

    let path = app::paths::seam(&tab.dashboard, &tab.tab, "no such build");
    assert_eq!(world.page(&path).await.0, StatusCode::NOT_FOUND);
    let (status, _) = world
        .page(&app::paths::compare_builds(
            &tab.dashboard,
            &tab.tab,
            "1",
            "2",
        ))
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = world
        .page("/api/v2/infra/components/test-infra/versions?limit=3")
        .await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn commits_are_found_by_their_title_and_by_their_digits() {
    let world = boskos().await;
    let seam = world.true_seam();
    let bump = seam.commits.first().expect("a commit between");
    let digits = &bump.sha[..9];
    let by_digits = world.reader.search(digits).await.expect("an answer");
    // Others may speak of it; it comes first.
    let found = by_digits.commits.first().expect("it is found");
    assert_eq!(
        (found.sha.as_str(), found.title.as_str(), found.time),
        (bump.sha.as_str(), bump.subject.as_str(), bump.time)
    );
    let by_title = world.reader.search(&bump.subject).await.expect("an answer");
    assert!(by_title.commits.iter().any(|commit| commit.sha == bump.sha));
    // Where the page leads, this commit lies between.
    let parent = found.parent.as_deref().expect("it has a parent");
    let between = world.compare(&found.component, parent, &found.sha);
    assert_eq!(between.commits.len(), 1);
    assert_eq!(between.commits[0].sha, bump.sha);
}
