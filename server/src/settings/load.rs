//! Reading `seamgrid.yaml`: every mistake with its line, relative paths relative to the file.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::{
    BucketSettings, Settings, TestgridSettings,
    check::{Places, check},
};

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "seamgrid.yaml";

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is not there, or cannot be read.
    #[error("cannot read the settings file {}: {source}", file.display())]
    Unreadable {
        /// As named.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file says something that is no setting. Never empty.
    #[error("{}", one_per_line(.0))]
    Wrong(Vec<SettingsProblem>),
}

/// One mistake in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsProblem {
    /// As named.
    pub file: PathBuf,
    /// From 1; 0 when the place is not known.
    pub line: u64,
    /// One sentence.
    pub message: String,
}

impl fmt::Display for SettingsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.message)
    }
}

fn one_per_line(problems: &[SettingsProblem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// The settings in `file`; without one those in `seamgrid.yaml` where the process was started, and
/// without that the defaults.
pub fn load_settings(file: Option<&Path>) -> Result<Settings, SettingsError> {
    let default = Path::new(DEFAULT_FILE);
    let file = match file {
        Some(file) => file,
        None if default.exists() => default,
        None => {
            let mut settings = Settings::default();
            forget_missing(&mut settings.testgrid.config);
            forget_missing(&mut settings.testgrid.prow_jobs);
            return Ok(settings);
        }
    };
    let unreadable = |source| SettingsError::Unreadable {
        file: file.to_owned(),
        source,
    };
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    let folder = std::path::absolute(file)
        .map_err(unreadable)?
        .parent()
        .map(Path::to_owned)
        .unwrap_or_default();
    parse_settings(&text, file, &folder)
}

/// The settings that `text` says. `file` is named in errors; relative paths are relative to `folder`.
pub fn parse_settings(text: &str, file: &Path, folder: &Path) -> Result<Settings, SettingsError> {
    let problem = |line, message| SettingsProblem {
        file: file.to_owned(),
        line,
        message,
    };
    let wrong = |error: &serde_saphyr::Error| {
        let line = error.location().map_or(0, |location| location.line());
        SettingsError::Wrong(vec![problem(line, one_line(error, text))])
    };
    // An empty file says nothing, which is right.
    let mut settings = serde_saphyr::from_str::<Option<Settings>>(text)
        .map_err(|error| wrong(&error))?
        .unwrap_or_default();
    let places = serde_saphyr::from_str::<Option<Places>>(text)
        .map_err(|error| wrong(&error))?
        .unwrap_or_default();

    let problems: Vec<SettingsProblem> = check(&settings, &places)
        .into_iter()
        .map(|(line, message)| problem(line, message))
        .collect();
    if !problems.is_empty() {
        return Err(SettingsError::Wrong(problems));
    }
    resolve(&mut settings, &places, folder);
    Ok(settings)
}

/// What serde says, in people's words, with the line itself in the place of its number.
fn one_line(error: &serde_saphyr::Error, text: &str) -> String {
    let said = error.without_snippet().to_string();
    let words: Vec<&str> = said.split_whitespace().collect();
    let said = words.join(" ");
    let said = said
        .rsplit_once(" at line ")
        .map_or(said.as_str(), |(before, _)| before);
    let said = match said {
        "invalid u64" | "invalid u32" | "invalid usize" => "not a whole number",
        "invalid bool" | "invalid boolean" => "neither true nor false",
        other => other,
    };
    let line = error.location().and_then(|location| {
        let index = usize::try_from(location.line()).ok()?.checked_sub(1)?;
        text.lines().nth(index).map(str::trim)
    });
    match line {
        Some(line) if !line.is_empty() => format!("{said}, in \"{line}\""),
        _ => said.to_owned(),
    }
}

/// Makes every path absolute. A default folder that is not there is no mistake; one that the file
/// names is, and whoever reads it says so.
fn resolve(settings: &mut Settings, places: &Places, folder: &Path) {
    let TestgridSettings {
        config, prow_jobs, ..
    } = &mut settings.testgrid;
    for (paths, said) in [
        (config, places.testgrid.config.is_some()),
        (prow_jobs, places.testgrid.prow_jobs.is_some()),
    ] {
        for path in paths.iter_mut() {
            *path = folder.join(&*path);
        }
        if !said {
            forget_missing(paths);
        }
    }
    for BucketSettings {
        url, credentials, ..
    } in &mut settings.buckets
    {
        *url = absolute_url(url, folder);
        if let Some(credentials) = credentials
            && let Some(path) = credentials.strip_prefix("file:")
        {
            *credentials = format!("file: {}", folder.join(path.trim()).display());
        }
    }
    if let Some(file) = &mut settings.push.secret_file {
        *file = folder.join(&*file);
    }
    if let Some(oidc) = &mut settings.push.oidc
        && is_path(&oidc.keys)
    {
        oidc.keys = folder.join(&oidc.keys).display().to_string();
    }
    let gits = (settings.infra.components.iter_mut())
        .filter_map(|component| component.git.as_mut())
        .chain((settings.repositories.iter_mut()).map(|repository| &mut repository.git));
    for git in gits {
        if is_path(git) {
            *git = folder.join(&*git).display().to_string();
        }
    }
    if let Some(mirrors) = &mut settings.update.mirrors {
        *mirrors = folder.join(&*mirrors);
    }
}

fn forget_missing(paths: &mut Vec<PathBuf>) {
    paths.retain(|path| path.exists());
}

/// A bucket's address; a plain path, or `file://` with a relative one, is relative to `folder`.
fn absolute_url(url: &str, folder: &Path) -> String {
    let path = match url.strip_prefix("file://") {
        Some(path) if path.starts_with('/') => return url.to_owned(),
        Some(path) => path,
        None if is_path(url) => url,
        None => return url.to_owned(),
    };
    let joined = folder.join(path.strip_prefix("./").unwrap_or(path));
    let joined = joined.display().to_string();
    let encoded = joined
        .replace('%', "%25")
        .replace('?', "%3F")
        .replace('#', "%23");
    format!("file://{encoded}")
}

/// Whether a text is a path, and not an address (`https://…`) or git's short form (`git@host:…`).
fn is_path(text: &str) -> bool {
    !text.contains("://") && !text.split('/').next().unwrap_or_default().contains(':')
}
