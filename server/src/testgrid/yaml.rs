//! One YAML file as a tree whose every node knows its line, so that all its problems can be told at
//! once. Nothing is interpreted here: `12` is a text until somebody asks for a number.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, options};

/// Deepest nesting that is read: the deepest real file has 13 levels.
const MAX_DEPTH: usize = 100;

/// Most nodes of one file, aliases expanded: the largest real file has about 90,000.
const MAX_NODES: usize = 4_000_000;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// Its first line, from 1.
    pub line: u32,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Anything that is not a collection.
    Scalar {
        /// As it reads, without quotes.
        text: String,
        /// Not quoted, so it may be a number, a switch or null.
        plain: bool,
    },
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values, in the order of the file; each key once.
    Mapping(Vec<Entry>),
}

/// One key of a mapping with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The key.
    pub key: String,
    /// The line of the key.
    pub line: u32,
    /// The value.
    pub value: Node,
}

/// What is wrong at a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    /// From 1.
    pub line: u32,
    /// One sentence, without the place.
    pub message: String,
}

impl Node {
    /// Nothing: absent, `~` or `null`.
    pub(super) fn is_null(&self) -> bool {
        matches!(
            &self.kind,
            Kind::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
        )
    }

    /// What it is, for messages: `a list`, `"abc"`.
    pub(super) fn describe(&self) -> String {
        match &self.kind {
            Kind::Scalar { .. } if self.is_null() => "nothing".to_owned(),
            Kind::Scalar { text, .. } => {
                let short: String = text.chars().take(60).collect();
                let more = if short.len() < text.len() { "…" } else { "" };
                format!("\"{}{more}\"", short.escape_debug())
            }
            Kind::Sequence(_) => "a list".to_owned(),
            Kind::Mapping(_) => "a mapping".to_owned(),
        }
    }

    /// The value of a key; `None` when this is not a mapping, or has no such key, or it is null.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Kind::Mapping(entries) = &self.kind else {
            return None;
        };
        entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
            .filter(|value| !value.is_null())
    }

    /// The text of a scalar that is not null.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// The entries of a mapping; none when it is something else.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none when it is something else.
    pub(super) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::Sequence(items) => items,
            _ => &[],
        }
    }
}

/// Reads the documents of a file. What is wrong comes beside what could be read: after a mistake in the
/// syntax nothing more of the file is known, every other flaw leaves the rest as it is.
pub(super) fn parse(text: &str) -> (Vec<Node>, Vec<Flaw>) {
    let mut builder = Builder::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = options! { emit_comments: false };
    for next in Parser::new_from_str_with_options(text, options) {
        let outcome = match next {
            Ok((event, span)) => builder.event(event, span.start.line() as u32),
            Err(error) => Err(Flaw {
                line: error.marker().line() as u32,
                message: format!("not YAML: {}", error.info()),
            }),
        };
        if let Err(flaw) = outcome {
            builder.flaws.push(flaw);
            break;
        }
    }
    (builder.documents, builder.flaws)
}

/// Nodes under construction.
#[derive(Default)]
struct Builder {
    documents: Vec<Node>,
    flaws: Vec<Flaw>,
    open: Vec<Open>,
    /// Finished nodes by anchor, with their number of nodes.
    anchors: HashMap<usize, (Node, usize)>,
    /// Nodes so far.
    nodes: usize,
}

/// A collection whose end has not come.
struct Open {
    line: u32,
    anchor: usize,
    /// [`Builder::nodes`] when it began.
    nodes_before: usize,
    kind: OpenKind,
}

enum OpenKind {
    Sequence(Vec<Node>),
    Mapping {
        entries: Vec<Entry>,
        /// A key that waits for its value.
        key: Option<(Key, u32)>,
        /// Mappings to take missing keys from.
        merge: Vec<Node>,
    },
}

enum Key {
    Text(String),
    /// `<<`
    Merge,
    /// Not usable: its value is dropped.
    Flawed,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, line: u32) -> Result<(), Flaw> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain
                    && tag.is_none_or(|tag| !tag.is_yaml_core_schema_tag("str"));
                self.count(1, line)?;
                let text = text.into_owned();
                let node = Node {
                    line,
                    kind: Kind::Scalar { text, plain },
                };
                self.remember(anchor, &node, 1);
                self.place(node);
            }
            Event::SequenceStart(_, anchor, _) => {
                self.begin(line, anchor, OpenKind::Sequence(Vec::new()))?;
            }
            Event::MappingStart(_, anchor, _) => {
                let kind = OpenKind::Mapping {
                    entries: Vec::new(),
                    key: None,
                    merge: Vec::new(),
                };
                self.begin(line, anchor, kind)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => {
                let Some((mut node, size)) = self.anchors.get(&anchor).cloned() else {
                    return Err(Flaw {
                        line,
                        message: "an alias stands inside the value it names".to_owned(),
                    });
                };
                self.count(size, line)?;
                node.line = line;
                self.place(node);
            }
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, line: u32) -> Result<(), Flaw> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            return Err(Flaw {
                line,
                message: format!("more than {MAX_NODES} values in one file, aliases expanded"),
            });
        }
        Ok(())
    }

    fn begin(&mut self, line: u32, anchor: usize, kind: OpenKind) -> Result<(), Flaw> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Flaw {
                line,
                message: format!("nested more than {MAX_DEPTH} deep"),
            });
        }
        self.open.push(Open {
            line,
            anchor,
            nodes_before: self.nodes,
            kind,
        });
        self.count(1, line)
    }

    fn end(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let kind = match open.kind {
            OpenKind::Sequence(items) => Kind::Sequence(items),
            OpenKind::Mapping {
                mut entries, merge, ..
            } => {
                for node in merge {
                    self.merge(&mut entries, node);
                }
                Kind::Mapping(entries)
            }
        };
        let node = Node {
            line: open.line,
            kind,
        };
        self.remember(open.anchor, &node, self.nodes - open.nodes_before);
        self.place(node);
    }

    fn remember(&mut self, anchor: usize, node: &Node, nodes: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), nodes));
        }
    }

    /// Takes the keys that are not there yet from a mapping, or from each of a list of mappings.
    fn merge(&mut self, entries: &mut Vec<Entry>, node: Node) {
        match node.kind {
            Kind::Mapping(more) => {
                for entry in more {
                    if !entries.iter().any(|own| own.key == entry.key) {
                        entries.push(entry);
                    }
                }
            }
            Kind::Sequence(nodes)
                if nodes
                    .iter()
                    .all(|node| matches!(node.kind, Kind::Mapping(_))) =>
            {
                for node in nodes {
                    self.merge(entries, node);
                }
            }
            _ => self.flaws.push(Flaw {
                line: node.line,
                message: format!("`<<` takes a mapping, not {}", node.describe()),
            }),
        }
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return;
        };
        match &mut open.kind {
            OpenKind::Sequence(items) => items.push(node),
            OpenKind::Mapping {
                entries,
                key,
                merge,
            } => match key.take() {
                None => *key = Some(self::key(node, entries, &mut self.flaws)),
                Some((Key::Text(key), line)) => entries.push(Entry {
                    key,
                    line,
                    value: node,
                }),
                Some((Key::Merge, _)) => merge.push(node),
                Some((Key::Flawed, _)) => {}
            },
        }
    }
}

/// The key that a node stands for, among those already there.
fn key(node: Node, entries: &mut Vec<Entry>, flaws: &mut Vec<Flaw>) -> (Key, u32) {
    let line = node.line;
    let key = match node.kind {
        Kind::Scalar { text, plain: true } if text == "<<" => Key::Merge,
        Kind::Scalar { text, .. } => {
            if let Some(first) = entries.iter().position(|entry| entry.key == text) {
                let first = entries.remove(first).line;
                flaws.push(Flaw {
                    line,
                    message: format!(
                        "the key `{text}` stands already at line {first}; the last one counts"
                    ),
                });
            }
            Key::Text(text)
        }
        Kind::Sequence(_) | Kind::Mapping(_) => {
            flaws.push(Flaw {
                line,
                message: "a key must be a text".to_owned(),
            });
            Key::Flawed
        }
    };
    (key, line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn flaws(text: &str) -> Vec<(u32, String)> {
        let (_, flaws) = parse(text);
        flaws
            .into_iter()
            .map(|flaw| (flaw.line, flaw.message))
            .collect()
    }

    #[test]
    fn nodes_know_their_lines() {
        let (documents, flaws) = parse("# c\na:\n  - b: 1\n    c: 'x'\n---\nd: ~\n");
        assert_eq!(flaws, []);
        assert_eq!(documents.len(), 2);
        let list = &documents[0].entries()[0];
        assert_eq!((list.key.as_str(), list.line), ("a", 2));
        let item = &list.value.items()[0];
        assert_eq!(item.line, 3);
        assert_eq!(item.entries()[1].line, 4);
        assert_eq!(item.get("b").and_then(Node::text), Some("1"));
        assert_eq!(documents[1].get("d"), None);
    }

    #[test]
    fn anchors_and_merge_keys_are_followed() {
        let (documents, flaws) = parse("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  b: 3\ne: *x\n");
        assert_eq!(flaws, []);
        let merged = documents[0].get("d").expect("d");
        assert_eq!(merged.get("b").and_then(Node::text), Some("3"));
        assert_eq!(merged.get("c").and_then(Node::text), Some("2"));
        assert_eq!(documents[0].get("e").map(|node| node.line), Some(5));
    }

    #[test]
    fn flaws_tell_their_line_and_leave_the_rest() {
        assert_eq!(
            flaws("a: 1\nb: 2\na: 3\n? [x]\n: y\n"),
            [
                (
                    3,
                    "the key `a` stands already at line 1; the last one counts".to_owned()
                ),
                (4, "a key must be a text".to_owned()),
            ]
        );
        assert_eq!(flaws("a:\n  <<: 3\n")[0].0, 2);
        let unclosed = flaws("a: 1\nb: [\n");
        assert_eq!(unclosed.len(), 1);
        assert!(unclosed[0].1.starts_with("not YAML: "), "{unclosed:?}");
        assert!(flaws("a: *b\n")[0].1.contains("anchor"));
        assert_eq!(flaws("a: &b [*b]\n").len(), 1);
    }

    #[test]
    fn bombs_are_refused() {
        let mut lines = vec![format!("a0: &a0 [{}]", ["x"; 10].join(", "))];
        for level in 1..9 {
            let list = vec![format!("*a{}", level - 1); 10].join(", ");
            lines.push(format!("a{level}: &a{level} [{list}]"));
        }
        let bomb = lines.join("\n");
        assert!(flaws(&bomb)[0].1.starts_with("more than 4000000 values"));
        assert_eq!(flaws(&"[".repeat(50_000)).len(), 1);
        assert_eq!(flaws(&"- ".repeat(50_000)).len(), 1);
    }

    proptest! {
        #[test]
        fn any_text_parses_or_has_a_flaw(text in "[-a:{}\\[\\]&*!|>'\"%@#?,<~ \n\t]{0,60}") {
            let (documents, flaws) = parse(&text);
            prop_assert!(flaws.iter().all(|flaw| flaw.line > 0 && !flaw.message.is_empty()));
            drop(documents);
        }

        #[test]
        fn any_bytes_parse(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&String::from_utf8_lossy(&bytes));
        }
    }
}
