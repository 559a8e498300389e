//! The definition that a ProwJob was made from, as a hash.

use model::impact::{Tree, run_hash};
use serde_json::Value;

/// The hash of what a `prowjob.json` asks for: equal to that of the effective definition it was made
/// from. `None` when the bytes are no ProwJob or it asks for no pod.
pub fn hash_prowjob(bytes: &[u8]) -> Option<u64> {
    let object: Value = serde_json::from_slice(bytes).ok()?;
    run_hash(&tree(object.get("spec")?.clone())?)
}

/// `None` for null. The nesting is bounded by the parser.
fn tree(value: Value) -> Option<Tree> {
    match value {
        Value::Null => None,
        Value::Bool(switch) => Some(Tree::Text(switch.to_string())),
        Value::Number(number) => Some(Tree::Text(number.to_string())),
        Value::String(text) => Some(Tree::Text(text)),
        Value::Array(items) => Some(Tree::List(items.into_iter().filter_map(tree).collect())),
        Value::Object(entries) => Some(Tree::Map(
            entries
                .into_iter()
                .filter_map(|(key, value)| Some((key, tree(value)?)))
                .collect(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_prow_job_with_a_pod_has_a_hash() {
        for bytes in [
            &b""[..],
            b"[]",
            b"{}",
            br#"{"spec": null}"#,
            br#"{"spec": {"job": "a"}}"#,
            br#"{"spec": {"pod_spec": {}}}"#,
        ] {
            assert_eq!(hash_prowjob(bytes), None);
        }
        let hash = |image: &str| {
            let text =
                format!(r#"{{"spec":{{"pod_spec":{{"containers":[{{"image":"{image}"}}]}}}}}}"#);
            hash_prowjob(text.as_bytes())
        };
        assert!(hash("a").is_some());
        assert_ne!(hash("a"), hash("b"));
    }
}
