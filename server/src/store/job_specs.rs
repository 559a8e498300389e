//! What runs' jobs were asked to do.

use std::collections::HashMap;

use model::job_spec::JobSpec;

use super::{
    GroupId, Store, StoreError, reading,
    row::{from_json, in_run},
};

impl Store {
    /// The job specifications of two builds of `group`, by build; none for a build that is not stored or
    /// of which nothing was kept.
    pub async fn load_job_specs(
        &self,
        group: GroupId,
        builds: [&str; 2],
    ) -> Result<HashMap<String, JobSpec>, StoreError> {
        reading!(self, tx => {
            let rows: Vec<(i64, String, String)> = sqlx::query_as(
                "SELECT r.id, r.build, s.spec FROM run r JOIN job_spec s ON s.id = r.spec_id \
                 WHERE r.group_id = $1 AND (r.build = $2 OR r.build = $3)",
            )
            .bind(group.0)
            .bind(builds[0])
            .bind(builds[1])
            .fetch_all(&mut *tx)
            .await?;
            let mut specs = HashMap::with_capacity(rows.len());
            for (id, build, spec) in rows {
                specs.insert(build, from_json(&spec).map_err(in_run(id, "spec_id"))?);
            }
            specs
        })
    }
}
