//! What the JSON files of a build have in common.

use std::fmt;

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor},
};

/// The latest time that is believed, in seconds: the end of the year 9999.
const LATEST_SECS: i64 = 253_402_300_799;

/// One JSON file of a build.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<T> {
    /// The build has no such file.
    Absent,
    /// The file has no content: it is being written, or the upload broke.
    Empty,
    /// The file is there and could not be read from the bucket; why.
    Unread(String),
    /// The file is not what it should be; how.
    Broken(String),
    /// Its content.
    Value(T),
}

impl<T: DeserializeOwned> Json<T> {
    /// Parses what was read of a file that holds one object, `None` when the build has none.
    pub fn parse(content: Option<&Result<Bytes, String>>) -> Self {
        Self::read(content, false)
    }

    /// Parses what was read of a file that holds a list, `None` when the build has none.
    pub fn parse_list(content: Option<&Result<Bytes, String>>) -> Self {
        Self::read(content, true)
    }

    fn read(content: Option<&Result<Bytes, String>>, is_list: bool) -> Self {
        match content {
            None => Self::Absent,
            Some(Err(why)) => Self::Unread(why.clone()),
            Some(Ok(bytes)) if bytes.trim_ascii().is_empty() => Self::Empty,
            Some(Ok(bytes)) => {
                let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
                // A list would be taken for the fields of an object in their order.
                if !is_list && bytes.trim_ascii_start().starts_with(b"[") {
                    return Self::Broken("a list, where an object is expected".into());
                }
                match serde_json::from_slice(bytes) {
                    Ok(value) => Self::Value(value),
                    Err(error) => Self::Broken(error.to_string()),
                }
            }
        }
    }
}

impl<T> Json<T> {
    /// The content, when there is any.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// One sentence on what is wrong with the file; `None` when it is good or absent.
    pub fn problem(&self) -> Option<String> {
        match self {
            Self::Absent | Self::Value(_) => None,
            Self::Empty => Some("the file is empty".into()),
            Self::Unread(why) => Some(format!("the file could not be read: {why}")),
            Self::Broken(how) => Some(format!("the file is not as it should be: {how}")),
        }
    }
}

/// Seconds since 1970, written as a whole or a broken number. Zero, negative and absurd values mean
/// nothing and become `None`.
pub fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Whole(i64),
        Broken(f64),
    }
    let seconds = match Option::<Number>::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Number::Whole(seconds)) => seconds,
        Some(Number::Broken(seconds)) => seconds as i64,
    };
    Ok((1..=LATEST_SECS).contains(&seconds).then_some(seconds))
}

/// A map of texts in the order of the file. Values that are no text are left out.
pub fn ordered_texts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(String, String)>, D::Error> {
    struct Texts;

    impl<'de> Visitor<'de> for Texts {
        type Value = Vec<(String, String)>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a map of texts")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_some<D: Deserializer<'de>>(
            self,
            deserializer: D,
        ) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_map(self)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            #[derive(Deserialize)]
            #[serde(untagged)]
            enum Entry {
                Text(String),
                Other(IgnoredAny),
            }
            let mut texts = Vec::new();
            while let Some((key, entry)) = map.next_entry::<String, Entry>()? {
                match entry {
                    Entry::Text(text) => texts.push((key, text)),
                    Entry::Other(_) => {}
                }
            }
            Ok(texts)
        }
    }

    deserializer.deserialize_option(Texts)
}

/// `null` means what an absent key means.
pub fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Milliseconds since 1970 of a time in RFC 3339; `None` for anything else.
pub fn parse_time_ms(text: &str) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.timestamp_millis())
}
