//! Dashboards and tabs that exist only because a recording of them was imported.

use model::config::{DashboardTab, TestGroup};

use super::{
    GroupId, Store, StoreError,
    error::{Failure, Inconsistency},
    groups::key_of,
    reading,
    row::{from_json, to_json},
    writing,
};

/// One tab as it was recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportedTab {
    /// The dashboard's name.
    pub dashboard: String,
    /// Place among the dashboard's tabs.
    pub position: u32,
    /// The tab, as configuration would have it; `test_group_name` names the stored group.
    pub tab: DashboardTab,
    /// Its test group, as configuration would have it.
    pub group: TestGroup,
    /// When the recording was made, in milliseconds since 1970.
    pub recorded_ms: i64,
}

impl Store {
    /// Stores a recorded tab of `group`. An older recording of a tab never replaces a newer one.
    /// Answers whether anything was written.
    pub async fn save_imported_tab(
        &self,
        group: GroupId,
        imported: &ImportedTab,
    ) -> Result<bool, StoreError> {
        let (tab, test_group) = (to_json(&imported.tab), to_json(&imported.group));
        let dashboard_key = key_of(&imported.dashboard);
        let tab_key = key_of(&imported.tab.name);
        writing!(self, tx => {
            let stored: Option<(String, i64, i64, i64, String, String)> = sqlx::query_as(
                "SELECT dashboard, position, group_id, recorded_ms, tab, test_group \
                 FROM imported_tab WHERE dashboard_key = $1 AND tab_key = $2",
            )
            .bind(dashboard_key.as_str())
            .bind(tab_key.as_str())
            .fetch_optional(&mut *tx)
            .await?;
            let wanted = (
                imported.dashboard.clone(),
                i64::from(imported.position),
                group.0,
                imported.recorded_ms,
                tab,
                test_group,
            );
            let write = match stored {
                None => true,
                Some(stored) => stored.3 <= imported.recorded_ms && stored != wanted,
            };
            if write {
                let (dashboard, position, group, recorded_ms, tab, test_group) = wanted;
                sqlx::query(
                    "INSERT INTO imported_tab (dashboard_key, tab_key, dashboard, position, \
                     group_id, recorded_ms, tab, test_group) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                     ON CONFLICT (dashboard_key, tab_key) DO UPDATE SET \
                     dashboard = excluded.dashboard, position = excluded.position, \
                     group_id = excluded.group_id, recorded_ms = excluded.recorded_ms, \
                     tab = excluded.tab, test_group = excluded.test_group",
                )
                .bind(dashboard_key)
                .bind(tab_key)
                .bind(dashboard)
                .bind(position)
                .bind(group)
                .bind(recorded_ms)
                .bind(tab)
                .bind(test_group)
                .execute(&mut *tx)
                .await?;
            }
            write
        })
    }

    /// All recorded tabs, by dashboard, then in the order of its tabs.
    pub async fn load_imported_tabs(&self) -> Result<Vec<ImportedTab>, StoreError> {
        reading!(self, tx => {
            let rows: Vec<(String, i64, i64, String, String, String, i64)> = sqlx::query_as(
                "SELECT i.dashboard, i.position, i.recorded_ms, i.tab, i.test_group, g.name, g.id \
                 FROM imported_tab i JOIN test_group g ON g.id = i.group_id \
                 ORDER BY i.dashboard_key, i.position, i.tab_key",
            )
            .fetch_all(&mut *tx)
            .await?;
            let wrong = |column, row| {
                move |reason| {
                    Failure::from(Inconsistency {
                        table: "imported_tab",
                        column,
                        row,
                        reason,
                    })
                }
            };
            let mut tabs = Vec::with_capacity(rows.len());
            for (dashboard, position, recorded_ms, tab, test_group, group, group_id) in rows {
                let mut tab: DashboardTab = from_json(&tab).map_err(wrong("tab", group_id))?;
                let mut test_group: TestGroup =
                    from_json(&test_group).map_err(wrong("test_group", group_id))?;
                // The group may have been renamed since.
                tab.test_group_name.clone_from(&group);
                test_group.name = group;
                tabs.push(ImportedTab {
                    dashboard,
                    position: position as u32,
                    tab,
                    group: test_group,
                    recorded_ms,
                });
            }
            tabs
        })
    }
}
