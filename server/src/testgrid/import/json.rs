//! The answers as they are recorded; the fields that are not stored are skipped.

use std::{borrow::Cow, fmt};

use model::config::LinkOption;
use serde::{Deserialize, Deserializer, de};

/// A tab's grid.
#[derive(Deserialize)]
pub(super) struct RawTable<'a> {
    #[serde(borrow, default, rename = "test-group-name")]
    pub(super) test_group_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) query: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) description: Option<Cow<'a, str>>,
    #[serde(default, rename = "stale-test-threshold")]
    pub(super) stale_test_threshold: Option<Number>,
    #[serde(borrow, default)]
    pub(super) changelists: Texts<'a>,
    #[serde(borrow, default, rename = "custom-columns")]
    pub(super) custom_columns: Option<Vec<Texts<'a>>>,
    #[serde(borrow, default, rename = "column-header-names")]
    pub(super) column_header_names: Texts<'a>,
    #[serde(borrow, default)]
    pub(super) tests: Option<Vec<RawRow<'a>>>,
    #[serde(default)]
    pub(super) timestamps: Option<Vec<Number>>,
    #[serde(default, rename = "open-test-template")]
    pub(super) open_test_template: Option<RawTemplate>,
    #[serde(default, rename = "results-url-template")]
    pub(super) results_url_template: Option<RawTemplate>,
    #[serde(default, rename = "code-search-url-template")]
    pub(super) code_search_url_template: Option<RawTemplate>,
    #[serde(default, rename = "file-bug-template")]
    pub(super) file_bug_template: Option<RawTemplate>,
    #[serde(default, rename = "attach-bug-template")]
    pub(super) attach_bug_template: Option<RawTemplate>,
    #[serde(default, rename = "open-bug-template")]
    pub(super) open_bug_template: Option<RawTemplate>,
    #[serde(default, rename = "context-menu-template")]
    pub(super) context_menu_template: Option<RawTemplate>,
    #[serde(default, rename = "column-diff-link-templates")]
    pub(super) column_diff_link_templates: Option<Vec<RawTemplate>>,
    #[serde(borrow, default, rename = "code-search-path")]
    pub(super) code_search_path: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "about-dashboard-url")]
    pub(super) about_dashboard_url: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "results-text")]
    pub(super) results_text: Option<Cow<'a, str>>,
    #[serde(default, rename = "bug-component")]
    pub(super) bug_component: Option<Number>,
}

#[derive(Deserialize)]
pub(super) struct RawRow<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, default, rename = "original-name")]
    pub(super) original_name: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) statuses: Option<Vec<RawStatus>>,
    #[serde(borrow, default)]
    pub(super) messages: Texts<'a>,
    #[serde(borrow, default)]
    pub(super) short_texts: Texts<'a>,
    #[serde(default)]
    pub(super) user_property: Option<serde_json::Value>,
}

/// A list of texts; null like a list that is absent.
pub(super) type Texts<'a> = Option<Vec<Text<'a>>>;

/// A text as it stands in the file, which it borrows from unless it has escapes; null is empty. (In
/// a list, `Cow` alone would copy each.)
#[derive(Clone)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed("")))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[derive(Deserialize)]
pub(super) struct RawStatus {
    pub(super) count: u32,
    pub(super) value: u64,
}

#[derive(Deserialize)]
pub(super) struct RawTemplate {
    #[serde(default)]
    pub(super) url: Option<String>,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) options: Option<RawOptions>,
}

/// An object in the recorded answers, a list in the protocol.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum RawOptions {
    Object(InOrder<String>),
    List(Vec<LinkOption>),
}

#[derive(Deserialize)]
pub(super) struct RawTab {
    pub(super) overall_status: Option<String>,
    pub(super) dashboard_name: Option<String>,
    pub(super) last_update_timestamp: Option<Number>,
}

impl RawTab {
    pub(super) const fn is_tab(&self) -> bool {
        self.overall_status.is_some() || self.dashboard_name.is_some()
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct RawSummary(
    #[serde(deserialize_with = "in_order")] pub(super) Vec<(String, RawTab)>,
);

/// The entries of an object in their order.
pub(super) struct InOrder<V>(pub(super) Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for InOrder<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        in_order(deserializer).map(Self)
    }
}

pub(super) fn in_order<'de, V: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(String, V)>, D::Error> {
    struct Entries<V>(std::marker::PhantomData<V>);
    impl<'de, V: Deserialize<'de>> de::Visitor<'de> for Entries<V> {
        type Value = Vec<(String, V)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = Vec::new();
            while let Some(entry) = map.next_entry()? {
                entries.push(entry);
            }
            Ok(entries)
        }
    }
    deserializer.deserialize_map(Entries(std::marker::PhantomData))
}

/// A whole number, however it is written: as an integer, with a fraction, or as text.
#[derive(Clone, Copy)]
pub(super) struct Number(pub(super) i64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Number, E> {
                Ok(Number(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Number, E> {
                i64::try_from(number)
                    .map(Number)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Number, E> {
                if number.abs() < 9e18 {
                    Ok(Number(number.round() as i64))
                } else {
                    Err(E::invalid_value(de::Unexpected::Float(number), &self))
                }
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
                match text.trim().parse::<i64>() {
                    Ok(number) => self.visit_i64(number),
                    Err(_) => match text.trim().parse::<f64>() {
                        Ok(number) => self.visit_f64(number),
                        Err(_) => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                    },
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
