//! Results of groups that had to make room in memory, compressed to about a tenth: so that every group can
//! be shown without the database, and read on from where it was.

use std::{
    io::{self, Read as _, Write as _},
    sync::Arc,
};

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use model::tabulate::{GroupResults, StoredRun};

use crate::store::ResultsAt;

use super::kept::Span;

/// One group's results; see the module.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) span: Span,
    pub(super) revision: i64,
    compressed: Vec<u8>,
}

impl Packed {
    /// Takes some milliseconds.
    pub(super) fn new(span: Span, at: &ResultsAt) -> io::Result<Self> {
        let GroupResults { tests, runs } = &at.results;
        // Names repeat each other, so the fastest way is nearly as small as any.
        let mut writer = DeflateEncoder::new(Vec::new(), Compression::fast());
        serde_json::to_writer(io::BufWriter::new(&mut writer), &(tests, runs))?;
        writer.flush()?;
        let mut compressed = writer.finish()?;
        compressed.shrink_to_fit();
        Ok(Self {
            span,
            revision: at.revision,
            compressed,
        })
    }

    /// What was packed.
    pub(super) fn unpack(&self) -> io::Result<ResultsAt> {
        let mut json = Vec::with_capacity(self.compressed.len() * 8);
        DeflateDecoder::new(self.compressed.as_slice()).read_to_end(&mut json)?;
        let (tests, mut runs): (_, Vec<Arc<StoredRun>>) = serde_json::from_slice(&json)?;
        share_versions(&mut runs);
        Ok(ResultsAt {
            revision: self.revision,
            results: GroupResults { tests, runs },
        })
    }

    /// About how much memory it takes.
    pub(super) const fn bytes(&self) -> usize {
        size_of::<Self>() + self.compressed.len()
    }
}

/// Neighbours that were produced by the same versions have one list of them.
fn share_versions(runs: &mut [Arc<StoredRun>]) {
    let mut before = None;
    for run in runs {
        if run.versions != before {
            before.clone_from(&run.versions);
        } else if let Some(run) = Arc::get_mut(run) {
            run.versions.clone_from(&before);
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{
        infra::{ComponentKind, ComponentVersion, Source},
        run::{Header, Problem},
        status::Status,
        tabulate::{StoredDetail, Test},
    };

    use super::*;

    #[test]
    fn what_is_unpacked_is_what_was_packed_and_a_tenth_of_it() {
        let versions: Arc<[ComponentVersion]> = Arc::new([ComponentVersion {
            component: "test-infra".into(),
            kind: ComponentKind::Infra,
            version: Some("41cfe1b".into()),
            source: Source::CloneRecord,
            evidence: None,
        }]);
        let run = |number: i64| {
            Arc::new(StoredRun {
                build: number.to_string(),
                label: "a \"label\"".into(),
                path: format!("bucket/logs/job/{number}"),
                started_ms: number * 1000,
                finished_ms: (number % 2 == 0).then_some(number * 1000 + 1),
                open: number % 2 == 1,
                statuses: (0..300)
                    .map(|test| match (test + number) % 100 {
                        0 => Status::Fail,
                        _ => Status::Pass,
                    })
                    .collect(),
                details: vec![StoredDetail {
                    test: 7,
                    icon: "F".into(),
                    message: "it said \u{1f600}\n".into(),
                    cell_id: String::new(),
                    user_property: "x".into(),
                }],
                headers: vec![Header {
                    name: "Commit".into(),
                    value: "abc".into(),
                }],
                versions: (number > 5).then(|| versions.clone()),
                problems: vec![Problem {
                    file: "started.json".into(),
                    message: "no".into(),
                }],
                emails: vec!["a@example.org".into()],
                rank: -number,
                hash: u64::MAX - number as u64,
            })
        };
        let at = ResultsAt {
            revision: 41,
            results: GroupResults {
                tests: (0..300)
                    .map(|test| Test {
                        name: format!("[sig-node] Pods should do thing number {test}"),
                        id: format!("id {test}"),
                    })
                    .collect(),
                runs: (0..40).map(run).collect(),
            },
        };
        let packed = Packed::new(Some(7), &at).expect("packed");
        assert_eq!((packed.span, packed.revision), (Some(7), 41));
        let found = packed.unpack().expect("unpacked");
        assert_eq!(found, at);
        let shared = |index: usize| found.results.runs[index].versions.as_ref();
        let is_same = shared(10)
            .zip(shared(11))
            .is_some_and(|(a, b)| Arc::ptr_eq(a, b));
        assert!(is_same);
        assert!(packed.bytes() < 8_000, "{}", packed.bytes());
        let nothing = ResultsAt::default();
        let packed = Packed::new(None, &nothing).expect("packed");
        assert_eq!(packed.unpack().expect("unpacked"), nothing);
    }
}
