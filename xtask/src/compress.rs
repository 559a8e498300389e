//! Compressed siblings of a file, as dense as the formats allow: they are made once and served often.

use std::{fs, io::Write as _, path::Path};

use flate2::{Compression, write::GzEncoder};

use crate::process::{Doing as _, Result};

/// Bytes of one file in each of its three forms.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sizes {
    pub(crate) plain: usize,
    pub(crate) brotli: usize,
    pub(crate) gzip: usize,
}

/// Writes `folder/name`, `folder/name.br` and `folder/name.gz`.
pub(crate) fn write_compressed(folder: &Path, name: &str, content: &[u8]) -> Result<Sizes> {
    let brotli = brotli(content).doing(format_args!("compress {name}"))?;
    let gzip = gzip(content).doing(format_args!("compress {name}"))?;
    for (name, content) in [
        (name.to_owned(), content),
        (format!("{name}.br"), &brotli),
        (format!("{name}.gz"), &gzip),
    ] {
        let path = folder.join(name);
        fs::write(&path, content).doing(format_args!("write {}", path.display()))?;
    }
    Ok(Sizes {
        plain: content.len(),
        brotli: brotli.len(),
        gzip: gzip.len(),
    })
}

fn brotli(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        size_hint: content.len(),
        ..Default::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut compressed, &parameters)?;
    Ok(compressed)
}

fn gzip(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn both_forms_decompress_to_the_content() {
        let folder = tempfile::tempdir().expect("a folder");
        let content = "seam ".repeat(10_000);
        let sizes =
            write_compressed(folder.path(), "x.txt", content.as_bytes()).expect("three files");
        assert!(sizes.brotli < sizes.gzip && sizes.gzip < sizes.plain);
        let read = |name: &str| fs::read(folder.path().join(name)).expect("a file");
        let mut plain = String::new();
        flate2::read::GzDecoder::new(&read("x.txt.gz")[..])
            .read_to_string(&mut plain)
            .expect("gzip");
        assert_eq!(plain, content);
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut &read("x.txt.br")[..], &mut plain).expect("brotli");
        assert_eq!(plain, content.as_bytes());
    }
}
