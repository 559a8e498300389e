//! The characters of a file.

use std::borrow::Cow;

use quick_xml::{
    Reader,
    encoding::{DetectedEncoding, decode, detect_encoding},
    events::Event,
};

use super::Problems;

/// How far the XML declaration may reach, in bytes.
const DECLARATION_CAP: usize = 512;

/// The text of a file: UTF-8, UTF-16 with or without a byte order mark, or what its declaration
/// names. In UTF-8 a byte that does not belong becomes U+FFFD and a problem; in any other encoding
/// such a byte means that nothing is known of the rest. A declaration of UTF-16 that can be read as
/// ASCII is wrong about itself and is ignored.
pub(super) fn decode_text<'a>(content: &'a [u8], problems: &mut Problems) -> Option<Cow<'a, str>> {
    let detected = detect_encoding(content);
    let body = &content[detected.as_ref().map_or(0, DetectedEncoding::bom_len)..];
    match &detected {
        Some(
            wide @ (DetectedEncoding::Utf16LeLike
            | DetectedEncoding::Utf16LeBom
            | DetectedEncoding::Utf16BeLike
            | DetectedEncoding::Utf16BeBom),
        ) => {
            let text = decode(body, wide.encoding()).ok();
            if text.is_none() {
                problems.add(format!("the file is not valid {}", wide.encoding().name()));
            }
            return text;
        }
        Some(DetectedEncoding::AsciiCompatible) => match declared(body) {
            Declared::Text(text) => return Some(text),
            Declared::Broken(name) => {
                problems.add(format!("the file is not valid {name}"));
                return None;
            }
            Declared::Unknown(name) => problems.add(format!("the encoding {name:?} is not known")),
            Declared::Utf8 => {}
        },
        Some(DetectedEncoding::Utf8Bom) | None => {}
    }
    match std::str::from_utf8(body) {
        Ok(text) => Some(Cow::Borrowed(text)),
        Err(error) => {
            problems.add(format!(
                "the file is not valid UTF-8 at byte {}",
                content.len() - body.len() + error.valid_up_to()
            ));
            Some(String::from_utf8_lossy(body))
        }
    }
}

/// What came of following the XML declaration.
enum Declared<'a> {
    /// It says nothing, or UTF-8, or cannot be right.
    Utf8,
    /// The file in the encoding that it names.
    Text(Cow<'a, str>),
    /// The file is not in the encoding that it names.
    Broken(&'static str),
    /// It names an encoding that nobody knows.
    Unknown(String),
}

/// Follows the XML declaration at the beginning of `body`.
fn declared(body: &[u8]) -> Declared<'_> {
    let beginning = &body[..body.len().min(DECLARATION_CAP)];
    let Some(end) = beginning.windows(2).position(|two| two == b"?>") else {
        return Declared::Utf8;
    };
    let Ok(declaration) = std::str::from_utf8(&beginning[..end + 2]) else {
        return Declared::Utf8;
    };
    let Ok(Event::Decl(declaration)) = Reader::from_str(declaration).read_event() else {
        return Declared::Utf8;
    };
    let Some(Ok(name)) = declaration.encoding() else {
        return Declared::Utf8;
    };
    match declaration.encoder() {
        None => Declared::Unknown(name.chars().take(40).collect()),
        Some(encoding) if matches!(encoding.name(), "UTF-8" | "UTF-16LE" | "UTF-16BE") => {
            Declared::Utf8
        }
        Some(encoding) => match decode(body, encoding) {
            Ok(text) => Declared::Text(text),
            Err(_) => Declared::Broken(encoding.name()),
        },
    }
}
