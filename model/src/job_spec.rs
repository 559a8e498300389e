//! What a run's job was asked to do, as plain facts, so that two runs can be compared.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// What a fact is about, in the order in which people look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Facet {
    /// What runs.
    Image,
    /// How it is called: one argument a line.
    Arguments,
    /// What its environment holds.
    Environment,
    /// What it asks for and may use.
    Resources,
    /// Where it runs.
    Cluster,
    /// How long it may take, what is checked out, and so on.
    Other,
}

impl Facet {
    /// In words, as a title.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Image => "Image",
            Self::Arguments => "Arguments",
            Self::Environment => "Environment",
            Self::Resources => "Resources",
            Self::Cluster => "Cluster",
            Self::Other => "Other",
        }
    }
}

/// One fact: what about, which, and its value; `(Image, "test", "registry/image:tag")`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SpecFact(pub Facet, pub String, pub String);

/// The facts of one run's job in order, at most one of each facet and name. Written as JSON, equal
/// specifications are equal texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct JobSpec(Vec<SpecFact>);

impl JobSpec {
    /// The specification of these facts; of several of the same facet and name the first counts.
    pub fn new(mut facts: Vec<SpecFact>) -> Self {
        facts.sort_by(order);
        facts.dedup_by(|a, b| order(a, b).is_eq());
        Self(facts)
    }

    /// In order.
    pub fn facts(&self) -> &[SpecFact] {
        &self.0
    }
}

fn order(a: &SpecFact, b: &SpecFact) -> Ordering {
    (a.0, &a.1).cmp(&(b.0, &b.1))
}

/// A fact that differs between two runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SpecChange {
    /// What it is about.
    pub facet: Facet,
    /// Which: the container's name, the variable's, the resource's; empty where there is only one.
    pub name: String,
    /// The older value; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The newer value; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What differs between two specifications, in the order of their facts.
pub fn compare_specs(older: &JobSpec, newer: &JobSpec) -> Vec<SpecChange> {
    let (mut from, mut to) = (older.0.iter().peekable(), newer.0.iter().peekable());
    let mut changes = Vec::new();
    loop {
        let step = match (from.peek(), to.peek()) {
            (None, None) => return changes,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => order(a, b),
        };
        let old = from.next_if(|_| step.is_le());
        let new = to.next_if(|_| step.is_ge());
        let Some(SpecFact(facet, name, _)) = old.or(new) else {
            return changes;
        };
        let value = |fact: Option<&SpecFact>| fact.map(|fact| fact.2.clone());
        let (from, to) = (value(old), value(new));
        if from != to {
            changes.push(SpecChange {
                facet: *facet,
                name: name.clone(),
                from,
                to,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spec(facts: &[(Facet, &str, &str)]) -> JobSpec {
        JobSpec::new(
            facts
                .iter()
                .map(|&(facet, name, value)| SpecFact(facet, name.into(), value.into()))
                .collect(),
        )
    }

    #[test]
    fn what_differs_is_told_in_order() {
        let older = spec(&[
            (Facet::Cluster, "", "default"),
            (Facet::Image, "test", "a:1"),
            (Facet::Environment, "GONE", "x"),
            (Facet::Image, "test", "ignored"),
        ]);
        let newer = spec(&[
            (Facet::Image, "test", "a:2"),
            (Facet::Cluster, "", "default"),
            (Facet::Resources, "limits.cpu", "4"),
        ]);
        let told: Vec<_> = compare_specs(&older, &newer)
            .into_iter()
            .map(|change| (change.facet, change.from, change.to))
            .collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                (Facet::Image, text("a:1"), text("a:2")),
                (Facet::Environment, text("x"), None),
                (Facet::Resources, None, text("4")),
            ]
        );
        assert_eq!(compare_specs(&newer, &newer), []);
    }

    fn specs() -> impl Strategy<Value = JobSpec> {
        let fact = (0..3_u8, "[ab]{0,2}", "[xy]").prop_map(|(facet, name, value)| {
            let facet = [Facet::Image, Facet::Environment, Facet::Other][usize::from(facet)];
            SpecFact(facet, name, value)
        });
        prop::collection::vec(fact, 0..8).prop_map(JobSpec::new)
    }

    proptest! {
        /// What is told of two specifications makes the newer of the older, and nothing is told twice.
        #[test]
        fn changes_lead_from_one_to_the_other(older in specs(), newer in specs()) {
            let mut facts = older.facts().to_vec();
            for change in compare_specs(&older, &newer) {
                facts.retain(|fact| (fact.0, &fact.1) != (change.facet, &change.name));
                if let Some(to) = change.to {
                    facts.push(SpecFact(change.facet, change.name, to));
                }
            }
            prop_assert_eq!(JobSpec::new(facts), newer);
        }

        #[test]
        fn specifications_are_read_as_they_were_written(spec in specs()) {
            let text = serde_json::to_string(&spec).unwrap();
            prop_assert_eq!(serde_json::from_str::<JobSpec>(&text).unwrap(), spec);
        }
    }
}
