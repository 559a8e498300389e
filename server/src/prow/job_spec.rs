//! What `prowjob.json` asks for, as facts that can be compared. Whatever is not as it should be is left
//! out: the file's own problems are told elsewhere.

use model::job_spec::{Facet, JobSpec, SpecFact};
use serde_json::{Map, Value};

/// The longest value that is kept, in bytes: arguments can be whole scripts.
const VALUE_CAP: usize = 8_192;
/// How many facts are kept; real jobs have some dozen.
const FACTS_CAP: usize = 500;

/// The facts of a ProwJob; `None` when it asks for nothing that could be told.
pub fn parse_job_spec(prowjob: &[u8]) -> Option<JobSpec> {
    let file: Value = serde_json::from_slice(prowjob).ok()?;
    let spec = file.get("spec")?.as_object()?;
    let mut facts = Facts::default();
    facts.add(Facet::Cluster, "", spec.get("cluster"));
    facts.add(Facet::Other, "agent", spec.get("agent"));
    if let Some(decoration) = object(spec, "decoration_config") {
        for key in ["timeout", "grace_period"] {
            facts.add(Facet::Other, key, decoration.get(key));
        }
        for (name, image) in object(decoration, "utility_images").into_iter().flatten() {
            facts.add(Facet::Image, name, Some(image));
        }
    }
    for refs in spec.get("refs").into_iter().chain(list(spec, "extra_refs")) {
        // What was checked out is a version and told as such; here it counts what was asked for.
        if let (Some(org), Some(repo)) = (text(refs, "org"), text(refs, "repo")) {
            let name = format!("checkout of {org}/{repo}");
            facts.add(Facet::Other, &name, refs.get("base_ref"));
        }
    }
    if let Some(pod) = object(spec, "pod_spec") {
        for key in ["serviceAccountName", "nodeSelector", "tolerations"] {
            facts.add(Facet::Other, key, pod.get(key));
        }
        for list_name in ["initContainers", "containers"] {
            let containers: Vec<&Value> = list(pod, list_name).collect();
            for (index, container) in containers.iter().enumerate() {
                let name = match text(container, "name") {
                    Some(name) => name.to_owned(),
                    None if containers.len() == 1 && list_name == "containers" => String::new(),
                    None => format!("{list_name} {}", index + 1),
                };
                facts.add_container(&name, container);
            }
        }
    }
    let Facts(facts) = facts;
    (!facts.is_empty()).then(|| JobSpec::new(facts))
}

#[derive(Default)]
struct Facts(Vec<SpecFact>);

impl Facts {
    /// Adds a value unless it is absent or empty; what is no text stands as JSON.
    fn add(&mut self, facet: Facet, name: &str, value: Option<&Value>) {
        let text = match value {
            None | Some(Value::Null) => return,
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        self.put(facet, name, &text);
    }

    fn put(&mut self, facet: Facet, name: &str, text: &str) {
        if !text.is_empty() && self.0.len() < FACTS_CAP {
            self.0
                .push(SpecFact(facet, cut(name).to_owned(), cut(text).to_owned()));
        }
    }

    fn add_container(&mut self, name: &str, container: &Value) {
        self.add(Facet::Image, name, container.get("image"));
        let words: Vec<&str> = ["command", "args"]
            .iter()
            .filter_map(|key| container.get(key)?.as_array())
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        self.put(Facet::Arguments, name, &words.join("\n"));
        let within = |key: &str| match name {
            "" => key.to_owned(),
            name => format!("{name} {key}"),
        };
        let variables = container.get("env").and_then(Value::as_array);
        for variable in variables.into_iter().flatten() {
            if let Some(key) = text(variable, "name") {
                let value = variable.get("value").or_else(|| variable.get("valueFrom"));
                // A variable that is set to nothing is another than one that is not set.
                match value.and_then(Value::as_str) {
                    Some("") | None if value.is_none_or(Value::is_string) => {
                        self.put(Facet::Environment, &within(key), "(empty)");
                    }
                    _ => self.add(Facet::Environment, &within(key), value),
                }
            }
        }
        for part in ["requests", "limits"] {
            let resources = container
                .get("resources")
                .and_then(|all| all.get(part)?.as_object());
            for (key, value) in resources.into_iter().flatten() {
                self.add(
                    Facet::Resources,
                    &within(&format!("{part}.{key}")),
                    Some(value),
                );
            }
        }
    }
}

fn object<'a>(of: &'a Map<String, Value>, key: &str) -> Option<&'a Map<String, Value>> {
    of.get(key)?.as_object()
}

fn list<'a>(of: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Value> {
    of.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(of: &'a Value, key: &str) -> Option<&'a str> {
    of.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// The beginning of a text that is too long.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(VALUE_CAP)]
}

#[cfg(test)]
mod tests {
    use model::job_spec::compare_specs;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn told(spec: &Value) -> Vec<String> {
        let bytes = json!({ "spec": spec }).to_string();
        let spec = parse_job_spec(bytes.as_bytes()).unwrap_or_default();
        spec.facts()
            .iter()
            .map(|SpecFact(facet, name, value)| format!("{}|{name}|{value}", facet.words()))
            .collect()
    }

    #[test]
    fn a_job_is_told_in_facts() {
        let spec = json!({
            "cluster": "build-1",
            "extra_refs": [{"org": "kubernetes", "repo": "test-infra", "base_ref": "master", "base_sha": "aaa"}],
            "decoration_config": {"timeout": "2h", "utility_images": {"sidecar": "r/sidecar:1"}},
            "pod_spec": {"containers": [{
                "name": "",
                "image": "r/e2e:2",
                "command": ["runner"],
                "args": ["--a", "b\nc"],
                "env": [{"name": "X", "value": "1"}, {"name": "E", "value": ""}, {"name": "S", "valueFrom": {"k": "v"}}],
                "resources": {"limits": {"cpu": 4, "memory": "6Gi"}},
            }]},
        });
        assert_eq!(
            told(&spec),
            [
                "Image||r/e2e:2",
                "Image|sidecar|r/sidecar:1",
                "Arguments||runner\n--a\nb\nc",
                "Environment|E|(empty)",
                r#"Environment|S|{"k":"v"}"#,
                "Environment|X|1",
                "Resources|limits.cpu|4",
                "Resources|limits.memory|6Gi",
                "Cluster||build-1",
                "Other|checkout of kubernetes/test-infra|master",
                "Other|timeout|2h",
            ]
        );
        let two = json!({"pod_spec": {"containers": [{"name": "a", "image": "i"}, {"image": "j"}], "initContainers": [{"image": "k"}]}});
        assert_eq!(
            told(&two),
            [
                "Image|a|i",
                "Image|containers 2|j",
                "Image|initContainers 1|k"
            ]
        );
    }

    #[test]
    fn what_is_not_as_it_should_be_is_left_out() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"spec": 7}"#,
            r#"{"spec": {"pod_spec": [], "cluster": null}}"#,
        ] {
            assert_eq!(parse_job_spec(text.as_bytes()), None, "{text}");
        }
        let long = "é".repeat(VALUE_CAP);
        let kept = told(&json!({ "cluster": long })).remove(0);
        assert!(
            kept.len() <= VALUE_CAP + "Cluster||".len(),
            "{}",
            kept.len()
        );
    }

    proptest! {
        #[test]
        fn arbitrary_files_are_harmless(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let spec = parse_job_spec(&bytes).unwrap_or_default();
            prop_assert_eq!(compare_specs(&spec, &spec), []);
        }
    }
}
