//! What a bucket tells of its objects: the envelope in which Pub/Sub pushes notifications.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The envelope.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Envelope {
    message: Message,
}

/// One notification. What it is about is in the attributes; where they are missing, in the data.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
struct Message {
    attributes: Attributes,
    /// The object as JSON, in base64.
    data: String,
}

#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
struct Attributes {
    bucket_id: String,
    object_id: String,
    /// `OBJECT_FINALIZE` for an object that was written.
    event_type: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Object {
    bucket: String,
    name: String,
}

impl Envelope {
    /// Reads an envelope.
    ///
    /// # Errors
    /// One sentence.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes)
            .map_err(|error| format!("this is not a notification as Pub/Sub pushes it: {error}"))
    }

    /// `bucket/path` of the object that was written; `None` when nothing was written.
    ///
    /// # Errors
    /// One sentence when it names no object.
    pub fn written(&self) -> Result<Option<String>, String> {
        let Message { attributes, data } = &self.message;
        if !matches!(attributes.event_type.as_str(), "" | "OBJECT_FINALIZE") {
            return Ok(None);
        }
        let (bucket, name) = if attributes.object_id.is_empty() {
            let object: Object = STANDARD
                .decode(data)
                .ok()
                .and_then(|data| serde_json::from_slice(&data).ok())
                .unwrap_or_default();
            (object.bucket, object.name)
        } else {
            (attributes.bucket_id.clone(), attributes.object_id.clone())
        };
        if bucket.is_empty() || name.is_empty() {
            return Err("the notification names no object".to_owned());
        }
        Ok(Some(format!("{bucket}/{name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_is_in_the_attributes_or_in_the_data() {
        let data = STANDARD.encode(r#"{"bucket": "b", "name": "logs/j/1/finished.json"}"#);
        let written = Ok(Some("b/logs/j/1/finished.json".to_owned()));
        for (envelope, expected) in [
            (
                r#"{"message": {"attributes": {"bucketId": "b", "objectId": "logs/j/1/finished.json", "eventType": "OBJECT_FINALIZE"}}}"#.to_owned(),
                written.clone(),
            ),
            (format!(r#"{{"message": {{"data": "{data}"}}, "subscription": "s"}}"#), written),
            (
                r#"{"message": {"attributes": {"bucketId": "b", "objectId": "o", "eventType": "OBJECT_DELETE"}}}"#.to_owned(),
                Ok(None),
            ),
            (
                r#"{"message": {}}"#.to_owned(),
                Err("the notification names no object".to_owned()),
            ),
        ] {
            let envelope = Envelope::parse(envelope.as_bytes()).expect("an envelope");
            assert_eq!(envelope.written(), expected);
        }
        let error = Envelope::parse(b"{}").expect_err("no envelope");
        assert!(error.contains("Pub/Sub"), "{error}");
    }
}
