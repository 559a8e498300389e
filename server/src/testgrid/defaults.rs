//! Which defaults are whose, and how they fill.

use std::{collections::HashMap, path::Path};

use model::config::{DashboardTab, TestGroup};
use serde::Serialize;
use serde_json::Value;

use super::{
    decode::Message,
    document::{Defaults, Placed},
    files::Source,
};

/// The defaults of all files.
pub(super) struct AllDefaults<'a> {
    /// By the file that holds them.
    by_file: HashMap<&'a Path, &'a Defaults>,
    /// Those of files called `default.yaml`, by folder.
    by_folder: HashMap<&'a Path, &'a Defaults>,
    /// Per path given: the `default.yaml` nearest to it, or else the defaults nearest to it.
    by_root: HashMap<usize, &'a Defaults>,
    /// The first path's that has any.
    global: Option<&'a Defaults>,
}

/// A group's identity and source: no default names them.
const GROUP_OWN: [&str; 3] = ["name", "gcs_prefix", "result_source"];

/// A tab's identity.
const TAB_OWN: [&str; 2] = ["name", "test_group_name"];

impl<'a> AllDefaults<'a> {
    /// Finds the defaults of all files.
    pub(super) fn collect(sources: &'a [Source]) -> Self {
        let mut all = Self {
            by_file: HashMap::new(),
            by_folder: HashMap::new(),
            by_root: HashMap::new(),
            global: None,
        };
        let mut nearest: HashMap<usize, (bool, usize)> = HashMap::new();
        for source in sources {
            let Some(defaults) = &source.contents.defaults else {
                continue;
            };
            all.by_file.insert(&source.file, defaults);
            let name = source.file.file_name();
            let named = name.is_some_and(|name| name == "default.yaml" || name == "default.yml");
            if let Some(folder) = source.file.parent().filter(|_| named) {
                all.by_folder.entry(folder).or_insert(defaults);
            }
            let rank = (!named, source.depth);
            let best = nearest.entry(source.root).or_insert(rank);
            if rank <= *best && (rank < *best || !all.by_root.contains_key(&source.root)) {
                *best = rank;
                all.by_root.insert(source.root, defaults);
            }
        }
        all.global = all
            .by_root
            .iter()
            .min_by_key(|(root, _)| **root)
            .map(|(_, defaults)| *defaults);
        all
    }

    /// The defaults of a file: its own, its folder's, those of the path it lies below, or the first
    /// path's. A folder's are not its subfolders'.
    pub(super) fn of(&self, source: &Source) -> Option<&'a Defaults> {
        let file: &Path = &source.file;
        self.by_file
            .get(file)
            .or_else(|| self.by_folder.get(file.parent()?))
            .or_else(|| self.by_root.get(&source.root))
            .copied()
            .or(self.global)
    }

    /// The defaults of groups and tabs that come from jobs.
    pub(super) fn of_jobs(&self) -> Option<&'a Defaults> {
        self.global
    }
}

/// Fills what a group leaves unset. With `zero_is_unset` a zero, `false` or empty text leaves a field
/// unset, as it does in TestGrid.
pub(super) fn fill_group(
    group: &mut Placed<TestGroup>,
    defaults: Option<&Defaults>,
    zero_is_unset: bool,
) {
    if let Some(defaults) = defaults {
        fill(group, &defaults.group, &GROUP_OWN, zero_is_unset);
    }
    let client = &mut group.value.use_kubernetes_client;
    let external = &mut group.value.is_external;
    if zero_is_unset {
        *client = client.filter(|&set| set);
        *external = external.filter(|&set| set);
    }
    let has_source = group.set.iter().any(|(key, _)| *key == "result_source");
    let says = group
        .set
        .iter()
        .any(|(key, _)| *key == "use_kubernetes_client");
    if has_source && !says {
        *client = None;
    } else {
        client.get_or_insert(true);
    }
    external.get_or_insert(true);
}

/// Fills what a tab leaves unset. Alert options count as one: a tab that sets any has no default of them.
pub(super) fn fill_tab(
    tab: &mut Placed<DashboardTab>,
    defaults: Option<&Defaults>,
    zero_is_unset: bool,
) {
    if let Some(defaults) = defaults {
        fill(tab, &defaults.tab, &TAB_OWN, zero_is_unset);
    }
}

fn fill<T: Message + Serialize>(
    own: &mut Placed<T>,
    defaults: &Placed<T>,
    except: &[&str],
    zero_is_unset: bool,
) {
    // Asked seldom enough that JSON may tell what a field's zero is.
    let values = zero_is_unset.then(|| serde_json::to_value(&own.value).unwrap_or_default());
    let is_zero = |key: &str| values.as_ref().is_some_and(|values| zero(&values[key]));
    for (key, _) in &defaults.set {
        if !except.contains(key) && (!own.is_set(key) || is_zero(key)) {
            own.value.take(key, &defaults.value);
        }
    }
}

/// Whether TestGrid's protocol cannot tell the value from an unset one.
fn zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(set) => !set,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => matches!(text.as_str(), "" | "UNSPECIFIED" | "NONE"),
        Value::Array(list) => list.is_empty(),
        Value::Object(_) => false,
    }
}
