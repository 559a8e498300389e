//! What others say of services that change: which version a service has from when on. No run shows it
//! by itself, so a version known this way is declared, never observed.

use chrono::{DateTime, SecondsFormat};

use crate::infra::{ComponentVersion, Source, same_version, short_version};

/// That a service changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deploy {
    /// What changed: an infra component, or any service's name.
    pub component: String,
    /// What it changed to.
    pub version: String,
    /// Where; empty where there is only one place.
    pub environment: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Where it is told, normally an address; empty for none.
    pub source: String,
    /// Who told it: the token's name.
    pub reporter: String,
    /// When it was told, in milliseconds since 1970.
    pub received_ms: i64,
}

/// The deploys that were in force at some time between `from_ms` and `to_ms`: of each environment the
/// newest up to `from_ms`, and all after it. `deploys` are of one component, oldest first; so is the
/// answer.
pub fn in_force(deploys: &[Deploy], from_ms: i64, to_ms: i64) -> Vec<&Deploy> {
    let mut found: Vec<&Deploy> = Vec::new();
    for deploy in deploys.iter().filter(|deploy| deploy.at_ms <= to_ms) {
        if deploy.at_ms <= from_ms {
            found.retain(|known| known.environment != deploy.environment);
        }
        found.push(deploy);
    }
    found
}

/// The version that a component had while a run went from `started_ms` to `ended_ms`, as `deploys` of
/// it say; `unknown` is what the run itself knows. Where they say several, because it changed meanwhile or
/// because environments differ, it stays unknown and the evidence names them; where they say none, it stays
/// as it is.
pub fn declare(
    unknown: &ComponentVersion,
    deploys: &[Deploy],
    started_ms: i64,
    ended_ms: i64,
) -> ComponentVersion {
    let met = in_force(deploys, started_ms, ended_ms.max(started_ms));
    let Some(last) = met.last() else {
        return unknown.clone();
    };
    let told: Vec<String> = met.iter().map(|deploy| tell(deploy)).collect();
    let same = met
        .iter()
        .all(|deploy| same_version(&deploy.version, &last.version));
    ComponentVersion {
        version: same.then(|| last.version.clone()),
        source: if same {
            Source::Deploy
        } else {
            Source::Unknown
        },
        evidence: Some(if same {
            told.join("; ")
        } else {
            format!("several versions: {}", told.join("; "))
        }),
        ..unknown.clone()
    }
}

/// `v1.2 in prod since 2026-11-20T10:00:00Z, told by deployer`.
fn tell(deploy: &Deploy) -> String {
    let at = DateTime::from_timestamp_millis(deploy.at_ms).unwrap_or_default();
    let mut text = short_version(&deploy.version).to_owned();
    if !deploy.environment.is_empty() {
        text.push_str(" in ");
        text.push_str(&deploy.environment);
    }
    text.push_str(" since ");
    text.push_str(&at.to_rfc3339_opts(SecondsFormat::Secs, true));
    if !deploy.reporter.is_empty() {
        text.push_str(", told by ");
        text.push_str(&deploy.reporter);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::ComponentKind;

    /// `prod a 10` is version a in prod from minute 10 on.
    fn deploys(said: &[&str]) -> Vec<Deploy> {
        said.iter()
            .map(|said| {
                let words: Vec<&str> = said.split(' ').collect();
                Deploy {
                    component: "boskos".to_owned(),
                    environment: words[0].to_owned(),
                    version: words[1].to_owned(),
                    at_ms: words[2].parse::<i64>().expect("minutes") * 60_000,
                    ..Deploy::default()
                }
            })
            .collect()
    }

    #[test]
    fn runs_meet_what_was_in_force() {
        let (one, two) = ("prod a 10", "prod b 20");
        for (said, from, to, version) in [
            (&[][..], 0, 9, None),
            (&[one], 5, 9, None),
            (&[one], 10, 12, Some("a")),
            (&[one, two], 12, 15, Some("a")),
            (&[one, two], 21, 25, Some("b")),
            // It changed while the run went.
            (&[one, two], 15, 25, None),
            (&[one], 5, 15, Some("a")),
            // Environments that differ, and that agree.
            (&[one, "staging b 11"], 12, 15, None),
            (&[one, "staging b 11", two], 21, 22, Some("b")),
            (&[one, "staging b 16"], 12, 15, Some("a")),
            // Deployed again.
            (&[one, "prod a 20"], 15, 25, Some("a")),
        ] {
            let unknown = ComponentVersion::unknown("boskos", ComponentKind::Infra);
            let found = declare(&unknown, &deploys(said), from * 60_000, to * 60_000);
            assert_eq!(found.version.as_deref(), version, "{said:?} {from} {to}");
            let source = match version {
                Some(_) => Source::Deploy,
                None => Source::Unknown,
            };
            assert_eq!(found.source, source);
        }
    }

    #[test]
    fn the_evidence_says_who_told_it() {
        let mut said = deploys(&["prod a 0", "staging b 0"]);
        said[0].reporter = "deployer".to_owned();
        let unknown = ComponentVersion::unknown("boskos", ComponentKind::Infra);
        let found = declare(&unknown, &said, 0, 0);
        assert_eq!(
            found.evidence.as_deref(),
            Some(
                "several versions: a in prod since 1970-01-01T00:00:00Z, told by deployer; \
                 b in staging since 1970-01-01T00:00:00Z"
            )
        );
    }
}
