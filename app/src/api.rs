//! How pages reach data: on the server straight into the published snapshot, in the browser through
//! `/api/v2`. The REST handlers call the same [`Read`], so a page and the API cannot disagree.

use model::{
    grid::Grid,
    wire::{DashboardPage, DashboardRef, GroupPage, Items, Release, TabPage, WireError},
};

/// Which part of a grid is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct GridSlice {
    /// At most so many columns; all when `None`.
    pub columns: Option<u32>,
    /// Only columns older than this build.
    pub before: Option<String>,
    /// At most so many rows from the top; all when `None`.
    pub rows: Option<u32>,
}

/// The published snapshot. Names match after normalising; an unknown name is a `not_found` error
/// that names it.
#[cfg(feature = "ssr")]
pub trait Read: Send + Sync + 'static {
    /// Names the state of all that is published: another name, and anything may have changed.
    fn state(&self) -> String;
    /// What is to be said on every page while nothing new can be shown, as one sentence; `None` while all
    /// is well.
    fn outage(&self) -> Option<String>;
    /// Release branches, master first, then newest first.
    fn releases(&self) -> Result<Items<Release>, WireError>;
    /// All dashboards, by name.
    fn dashboards(&self) -> Result<Items<DashboardRef>, WireError>;
    /// One dashboard with its tabs.
    fn dashboard(&self, dashboard: &str) -> Result<DashboardPage, WireError>;
    /// One dashboard group with its dashboards.
    fn dashboard_group(&self, group: &str) -> Result<GroupPage, WireError>;
    /// One tab without its grid.
    fn tab<'a>(&'a self, dashboard: &'a str, tab: &'a str) -> Answer<'a, TabPage>;
    /// A tab's grid, or a part of it. May have to load the group's results.
    fn grid<'a>(
        &'a self,
        dashboard: &'a str,
        tab: &'a str,
        slice: GridSlice,
    ) -> Answer<'a, std::sync::Arc<Grid>>;
}

/// An answer that may have to wait for the store.
#[cfg(feature = "ssr")]
pub type Answer<'a, T> = std::pin::Pin<Box<dyn Future<Output = Result<T, WireError>> + Send + 'a>>;

/// The snapshot as pages find it in their context.
#[cfg(feature = "ssr")]
pub type Reader = std::sync::Arc<dyn Read>;

/// What an answer that could not be had looks like to a page.
pub const NOT_FOUND: &str = "not_found";

/// How a page sets the status of its own answer; does nothing in the browser.
#[derive(Clone)]
pub struct SetStatus(pub std::sync::Arc<dyn Fn(u16) + Send + Sync>);

/// Says that the page's subject does not exist, or that it could not be had.
pub fn set_status(error: &WireError) {
    if let Some(SetStatus(set)) = leptos::prelude::use_context::<SetStatus>() {
        set(if error.code == NOT_FOUND { 404 } else { 503 });
    }
}

/// Release branches, master first, then newest first.
#[cfg_attr(
    feature = "ssr",
    expect(
        clippy::unused_async,
        reason = "the browser waits for this, the server has it"
    )
)]
pub async fn releases() -> Result<Items<Release>, WireError> {
    #[cfg(feature = "ssr")]
    return reader()?.releases();
    #[cfg(not(feature = "ssr"))]
    get(crate::paths::API_RELEASES.to_owned()).await
}

/// All dashboards, by name.
#[cfg_attr(
    feature = "ssr",
    expect(
        clippy::unused_async,
        reason = "the browser waits for this, the server has it"
    )
)]
pub async fn dashboards() -> Result<Items<DashboardRef>, WireError> {
    #[cfg(feature = "ssr")]
    return reader()?.dashboards();
    #[cfg(not(feature = "ssr"))]
    get(crate::paths::API_DASHBOARDS.to_owned()).await
}

/// One dashboard with its tabs.
#[cfg_attr(
    feature = "ssr",
    expect(
        clippy::unused_async,
        reason = "the browser waits for this, the server has it"
    )
)]
pub async fn dashboard(dashboard: String) -> Result<DashboardPage, WireError> {
    #[cfg(feature = "ssr")]
    return reader()?.dashboard(&dashboard);
    #[cfg(not(feature = "ssr"))]
    get(crate::paths::api_dashboard(&dashboard)).await
}

/// One dashboard group with its dashboards.
#[cfg_attr(
    feature = "ssr",
    expect(
        clippy::unused_async,
        reason = "the browser waits for this, the server has it"
    )
)]
pub async fn dashboard_group(group: String) -> Result<GroupPage, WireError> {
    #[cfg(feature = "ssr")]
    return reader()?.dashboard_group(&group);
    #[cfg(not(feature = "ssr"))]
    get(crate::paths::api_group(&group)).await
}

/// One tab without its grid.
pub async fn tab(dashboard: String, tab: String) -> Result<TabPage, WireError> {
    #[cfg(feature = "ssr")]
    return reader()?.tab(&dashboard, &tab).await;
    #[cfg(not(feature = "ssr"))]
    get(crate::paths::api_tab(&dashboard, &tab)).await
}

/// One tab with a part of its grid: what the first screen needs.
pub async fn tab_with_grid(
    dashboard: String,
    tab: String,
    slice: GridSlice,
) -> Result<(TabPage, std::sync::Arc<Grid>), WireError> {
    #[cfg(feature = "ssr")]
    {
        let reader = reader()?;
        let page = reader.tab(&dashboard, &tab).await?;
        Ok((page, reader.grid(&dashboard, &tab, slice).await?))
    }
    #[cfg(not(feature = "ssr"))]
    {
        let page = self::tab(dashboard.clone(), tab.clone()).await?;
        Ok((page, grid(dashboard, tab, slice).await?))
    }
}

/// A tab's grid. The slice holds on the server only: the browser asks for all of it once.
pub async fn grid(
    dashboard: String,
    tab: String,
    slice: GridSlice,
) -> Result<std::sync::Arc<Grid>, WireError> {
    #[cfg(feature = "ssr")]
    return reader()?.grid(&dashboard, &tab, slice).await;
    #[cfg(not(feature = "ssr"))]
    {
        let _ = slice;
        get(crate::paths::api_grid(&dashboard, &tab)).await
    }
}

/// How long the rows of a tab take; only a browser asks for it.
#[cfg_attr(
    any(feature = "ssr", not(feature = "hydrate")),
    expect(
        clippy::unused_async,
        reason = "the browser waits for this, nobody else asks"
    )
)]
pub async fn durations(
    dashboard: String,
    tab: String,
) -> Result<model::wire::Durations, WireError> {
    let path = crate::paths::api_durations(&dashboard, &tab);
    #[cfg(all(feature = "hydrate", not(feature = "ssr")))]
    {
        let (path, text) = send_wrapper::SendWrapper::new(fetch(path)).await?;
        crate::browser::durations(&text).ok_or_else(|| unread(&path, "it tells no durations"))
    }
    #[cfg(any(feature = "ssr", not(feature = "hydrate")))]
    Err(WireError {
        code: "unreachable".to_owned(),
        message: format!("{path} is for browsers"),
    })
}

/// A part of a page, as the server draws it; only a browser asks for one.
#[cfg_attr(
    any(feature = "ssr", not(feature = "hydrate")),
    expect(
        clippy::unused_async,
        reason = "the browser waits for this, nobody else asks"
    )
)]
pub async fn part(path: String) -> Result<String, WireError> {
    #[cfg(all(feature = "hydrate", not(feature = "ssr")))]
    {
        let (_, html) = send_wrapper::SendWrapper::new(fetch(path)).await?;
        Ok(html)
    }
    #[cfg(any(feature = "ssr", not(feature = "hydrate")))]
    Err(WireError {
        code: "unreachable".to_owned(),
        message: format!("{path} is for browsers"),
    })
}

#[cfg(feature = "ssr")]
fn reader() -> Result<Reader, WireError> {
    leptos::prelude::use_context::<Reader>().ok_or_else(|| WireError {
        code: "unavailable".to_owned(),
        message: "this page was drawn without a source of results".to_owned(),
    })
}

/// Fetches one answer. What goes wrong on the way is told in the same form as what the server says.
#[cfg(all(feature = "hydrate", not(feature = "ssr")))]
async fn get<T: serde::de::DeserializeOwned>(path: String) -> Result<T, WireError> {
    // Only this line is compiled once for each type of answer.
    let (path, text) = send_wrapper::SendWrapper::new(fetch(path)).await?;
    serde_json::from_str(&text).map_err(|error| unread(&path, &error.to_string()))
}

/// The path again and the text of what it answers.
#[cfg(all(feature = "hydrate", not(feature = "ssr")))]
async fn fetch(path: String) -> Result<(String, String), WireError> {
    let response = gloo_net::http::Request::get(&path)
        .send()
        .await
        .map_err(|error| unread(&path, &error.to_string()))?;
    let text = response
        .text()
        .await
        .map_err(|error| unread(&path, &error.to_string()))?;
    if response.ok() {
        return Ok((path, text));
    }
    Err(
        serde_json::from_str::<model::wire::ErrorBody>(&text).map_or_else(
            |_| unread(&path, &format!("the server answered {}", response.status())),
            |body| body.error,
        ),
    )
}

#[cfg(all(feature = "hydrate", not(feature = "ssr")))]
fn unread(path: &str, problem: &str) -> WireError {
    WireError {
        code: "unreachable".to_owned(),
        message: format!("{path} could not be read: {problem}"),
    }
}

#[cfg(not(any(feature = "hydrate", feature = "ssr")))]
async fn get<T>(path: String) -> Result<T, WireError> {
    Err(WireError {
        code: "unreachable".to_owned(),
        message: format!("{path} could not be read: built for neither server nor browser"),
    })
}
