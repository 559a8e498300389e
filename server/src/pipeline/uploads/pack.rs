//! The files of an upload as one value.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use ring::digest::{Context, SHA256};

use crate::prow::BuildFile;

/// Files as they are kept.
pub(super) struct Packed {
    /// SHA-256 of the files.
    pub(super) hash: Vec<u8>,
    /// Their length together.
    pub(super) bytes: u64,
    /// For each, by name: the length of the name in four bytes, the name, the length of the content in
    /// eight, the content; all of that compressed.
    pub(super) files: Vec<u8>,
}

/// Packs files, which all have content.
pub(super) fn pack(mut files: Vec<BuildFile>) -> std::io::Result<Packed> {
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let mut hash = Context::new(&SHA256);
    let mut bytes = 0;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    for file in files {
        let Ok(content) = file.content else { continue };
        let name = file.name.as_bytes();
        for part in [
            &(name.len() as u32).to_le_bytes()[..],
            name,
            &(content.len() as u64).to_le_bytes()[..],
            &content,
        ] {
            hash.update(part);
            encoder.write_all(part)?;
        }
        bytes += content.len() as u64;
    }
    Ok(Packed {
        hash: hash.finish().as_ref().to_vec(),
        bytes,
        files: encoder.finish()?,
    })
}

/// What was packed; `bytes` is the length that was noted then, beyond which nothing is believed.
pub(super) fn unpack(packed: &[u8], bytes: u64) -> std::io::Result<Vec<BuildFile>> {
    let mut rest = ZlibDecoder::new(packed);
    let mut files = Vec::new();
    let mut left = bytes;
    loop {
        let mut length = [0; 4];
        match rest.read(&mut length[..1])? {
            0 => return Ok(files),
            _ => rest.read_exact(&mut length[1..])?,
        }
        let mut name = Vec::new();
        rest.by_ref()
            .take(u64::from(u32::from_le_bytes(length)))
            .read_to_end(&mut name)?;
        let mut length = [0; 8];
        rest.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        left = left
            .checked_sub(length)
            .ok_or(std::io::ErrorKind::InvalidData)?;
        let mut content = Vec::with_capacity(length as usize);
        rest.by_ref().take(length).read_to_end(&mut content)?;
        if content.len() as u64 != length {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        files.push(BuildFile {
            name: String::from_utf8(name).map_err(|_| std::io::ErrorKind::InvalidData)?,
            content: Ok(Bytes::from(content)),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back() {
        let file = |name: &str, content: &str| BuildFile {
            name: name.into(),
            content: Ok(content.to_owned().into()),
        };
        let files = vec![
            file("b", "two"),
            file("a", ""),
            file("ü", &"x".repeat(70_000)),
        ];
        let packed = pack(files.clone()).expect("packed");
        assert_eq!(packed.bytes, 70_003);
        let again = pack(files.into_iter().rev().collect()).expect("packed");
        assert_eq!(again.hash, packed.hash, "the order does not matter");
        let back = unpack(&packed.files, packed.bytes).expect("unpacked");
        let names: Vec<&str> = back.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "ü"]);
        assert_eq!(back[1].content.as_deref(), Ok(&b"two"[..]));
        assert!(unpack(&packed.files, 5).is_err());
        assert!(unpack(&packed.files[..packed.files.len() / 2], packed.bytes).is_err());
        let other = pack(vec![file("a", "b")]).expect("packed");
        let another = pack(vec![file("ab", "")]).expect("packed");
        assert_ne!(other.hash, another.hash);
    }
}
