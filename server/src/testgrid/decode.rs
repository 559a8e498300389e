//! Trees to typed values. Every problem is collected, and a value that is wrong is left unset.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use super::{
    ConfigProblem,
    yaml::{Entry, Kind, Node},
};

/// What is wrong with one file so far.
pub(super) struct Problems<'a> {
    /// The file.
    pub file: &'a Arc<Path>,
    /// Problems of all files.
    pub list: &'a mut Vec<ConfigProblem>,
}

impl Problems<'_> {
    /// Adds one.
    pub(super) fn add(&mut self, line: u32, message: impl Into<String>) {
        self.list.push(ConfigProblem {
            file: self.file.to_path_buf(),
            line,
            message: message.into(),
        });
    }

    /// Adds one about a value of the wrong kind.
    pub(super) fn expected(&mut self, what: &str, wanted: &str, node: &Node) {
        self.add(
            node.line,
            format!("{what} must be {wanted}, not {}", node.describe()),
        );
    }
}

/// A type that a YAML value can hold. `what` names the value in messages. `None` when it is wrong,
/// which has then been told.
pub(super) trait Decode: Sized {
    fn decode(node: &Node, what: &str, problems: &mut Problems<'_>) -> Option<Self>;
}

/// A mapping with known keys.
pub(super) trait Message: Default {
    /// What messages call it.
    const NAME: &'static str;
    /// Its keys.
    const KEYS: &'static [&'static str];
    /// Reads the value of one of [`Message::KEYS`]; false when it is wrong.
    fn set(&mut self, key: &str, node: &Node, problems: &mut Problems<'_>) -> bool;
    /// Takes the value of a key from another.
    fn take(&mut self, key: &str, from: &Self);
}

/// A key that was set, and where.
pub(super) type SetKey = (&'static str, u32);

/// Reads a mapping: the value, and which keys are set. A null is not set; a wrong value is not set.
/// `extra` sees the keys that the type does not know, and answers whether it does.
pub(super) fn decode_message<T: Message>(
    node: &Node,
    problems: &mut Problems<'_>,
    mut extra: impl FnMut(&Entry, &mut Problems<'_>) -> bool,
) -> (T, Vec<SetKey>) {
    let mut value = T::default();
    let mut set = Vec::new();
    let Kind::Mapping(entries) = &node.kind else {
        problems.expected(T::NAME, "a mapping", node);
        return (value, set);
    };
    for entry in entries {
        match T::KEYS.iter().find(|key| **key == entry.key) {
            Some(key) => {
                if !entry.value.is_null() && value.set(key, &entry.value, problems) {
                    set.push((*key, entry.line));
                }
            }
            None => {
                if !extra(entry, problems) {
                    problems.add(
                        entry.line,
                        format!("unknown key `{}` in {}", entry.key, T::NAME),
                    );
                }
            }
        }
    }
    (value, set)
}

/// The items of a list; a null is none, anything else than a list is a problem.
pub(super) fn decode_items<'n>(
    node: &'n Node,
    what: &str,
    problems: &mut Problems<'_>,
) -> &'n [Node] {
    match &node.kind {
        Kind::Sequence(items) => items,
        _ if node.is_null() => &[],
        _ => {
            problems.expected(what, "a list", node);
            &[]
        }
    }
}

impl Decode for String {
    fn decode(node: &Node, what: &str, problems: &mut Problems<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Scalar { .. } if node.is_null() => Some(Self::new()),
            Kind::Scalar { text, .. } => Some(text.clone()),
            _ => {
                problems.expected(what, "a text", node);
                None
            }
        }
    }
}

/// A plain scalar's text.
fn plain(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Scalar { text, plain: true } => Some(text),
        _ => None,
    }
}

impl Decode for bool {
    fn decode(node: &Node, what: &str, problems: &mut Problems<'_>) -> Option<Self> {
        match plain(node) {
            Some("true" | "True" | "TRUE") => Some(true),
            Some("false" | "False" | "FALSE") => Some(false),
            _ => {
                problems.expected(what, "true or false", node);
                None
            }
        }
    }
}

macro_rules! numbers {
    ($($type:ty: $wanted:literal),* $(,)?) => {$(
        impl Decode for $type {
            fn decode(node: &Node, what: &str, problems: &mut Problems<'_>) -> Option<Self> {
                let number = plain(node).and_then(|text| text.parse().ok());
                if number.is_none() {
                    problems.expected(what, $wanted, node);
                }
                number
            }
        }
    )*};
}

numbers! {
    u32: "a whole number of at least 0",
    i32: "a whole number",
    i64: "a whole number",
    f32: "a number",
    f64: "a number",
}

impl<T: Decode> Decode for Option<T> {
    fn decode(node: &Node, what: &str, problems: &mut Problems<'_>) -> Option<Self> {
        if node.is_null() {
            return Some(None);
        }
        T::decode(node, what, problems).map(Some)
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, what: &str, problems: &mut Problems<'_>) -> Option<Self> {
        let Kind::Sequence(items) = &node.kind else {
            problems.expected(what, "a list", node);
            return None;
        };
        Some(
            items
                .iter()
                .filter_map(|item| T::decode(item, what, problems))
                .collect(),
        )
    }
}

/// Texts by key.
impl Decode for BTreeMap<String, (String, u32)> {
    fn decode(node: &Node, what: &str, problems: &mut Problems<'_>) -> Option<Self> {
        let Kind::Mapping(entries) = &node.kind else {
            problems.expected(what, "a mapping", node);
            return None;
        };
        let mut texts = Self::new();
        for entry in entries {
            let what = format!("{what} `{}`", entry.key);
            if let Some(text) = String::decode(&entry.value, &what, problems) {
                texts.insert(entry.key.clone(), (text, entry.line));
            }
        }
        Some(texts)
    }
}

/// Declares the keys of messages: the fields' own names.
macro_rules! messages {
    ($($type:ty, $name:literal { $($field:ident),* $(,)? })*) => {$(
        impl Message for $type {
            const NAME: &'static str = $name;
            const KEYS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn set(&mut self, key: &str, node: &Node, problems: &mut Problems<'_>) -> bool {
                match key {
                    $(stringify!($field) => match Decode::decode(node, key, problems) {
                        Some(value) => {
                            self.$field = value;
                            true
                        }
                        None => false,
                    },)*
                    _ => false,
                }
            }

            fn take(&mut self, key: &str, from: &Self) {
                match key {
                    $(stringify!($field) => self.$field.clone_from(&from.$field),)*
                    _ => {}
                }
            }
        }

        impl Decode for $type {
            fn decode(node: &Node, _: &str, problems: &mut Problems<'_>) -> Option<Self> {
                Some(decode_message(node, problems, |_, _| false).0)
            }
        }
    )*};
}
pub(super) use messages;

/// Declares choices: each by its number and by its name, with or without the prefix that it carries in
/// TestGrid's protocol.
macro_rules! choices {
    ($($type:ty, $prefix:literal { $($number:literal $name:literal => $value:expr),* $(,)? })*) => {$(
        impl Decode for $type {
            fn decode(node: &Node, what: &str, problems: &mut Problems<'_>) -> Option<Self> {
                let text = node.text().unwrap_or_default();
                match text.strip_prefix($prefix).unwrap_or(text) {
                    $($number | $name => Some($value),)*
                    _ => {
                        let known = [$(concat!($name, " (", $number, ")")),*].join(", ");
                        problems.expected(what, &format!("one of {known}"), node);
                        None
                    }
                }
            }
        }
    )*};
}
pub(super) use choices;
