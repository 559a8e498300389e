//! Grids that somebody looked at lately, ready to send: bounded by bytes, least recently used first
//! out, each built once however many ask at the same time.

use std::{
    collections::HashMap,
    io::Write as _,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use model::grid::Grid;
use tokio::sync::OnceCell;

/// What a body may be compressed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `gzip`
    Gzip,
    /// `br`
    Brotli,
}

impl Coding {
    /// As in `Content-Encoding`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Brotli => "br",
        }
    }

    /// Compresses, leaning towards speed: a grid is compressed once per version and coding, while
    /// somebody waits.
    fn compress(self, body: &[u8]) -> std::io::Result<Vec<u8>> {
        let room = Vec::with_capacity(body.len() / 8);
        match self {
            Self::Gzip => {
                let mut writer = flate2::write::GzEncoder::new(room, flate2::Compression::new(5));
                writer.write_all(body)?;
                writer.finish()
            }
            Self::Brotli => {
                let parameters = brotli::enc::BrotliEncoderParams {
                    quality: 5,
                    ..Default::default()
                };
                let mut compressed = room;
                brotli::BrotliCompress(&mut &body[..], &mut compressed, &parameters)?;
                Ok(compressed)
            }
        }
    }
}

/// An answer's bytes, in each coding that was asked for.
#[derive(Debug)]
pub struct Encoded {
    /// A hash of the bytes.
    pub version: String,
    plain: Bytes,
    gzip: OnceCell<Bytes>,
    brotli: OnceCell<Bytes>,
}

impl Encoded {
    /// Bytes that nobody has asked for compressed yet.
    pub fn new(plain: impl Into<Bytes>) -> Self {
        let plain = plain.into();
        Self {
            version: format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&plain)),
            plain,
            gzip: OnceCell::new(),
            brotli: OnceCell::new(),
        }
    }

    /// The bytes, compressed with `coding`. The first to ask for a coding waits for it.
    pub async fn body(&self, coding: Option<Coding>) -> Bytes {
        let Some(coding) = coding else {
            return self.plain.clone();
        };
        let cell = match coding {
            Coding::Gzip => &self.gzip,
            Coding::Brotli => &self.brotli,
        };
        cell.get_or_init(|| async {
            let plain = self.plain.clone();
            tokio::task::spawn_blocking(move || coding.compress(&plain))
                .await
                .map_err(std::io::Error::other)
                .flatten()
                .map_or_else(|_| self.plain.clone(), Bytes::from)
        })
        .await
        .clone()
    }
}

/// A form in which a grid is sent beside its own JSON: TestGrid's answers. `content` stands for what the
/// bytes depend on beyond the grid, such as the tab's status by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// One per kind of answer.
    pub name: &'static str,
    /// Bytes of another content are written anew.
    pub content: u64,
}

/// The content of a form, and its bytes once they are written.
type WrittenForm = (u64, Arc<OnceCell<Arc<Encoded>>>);

/// A whole grid with its JSON, and with its other forms once they have been asked for.
#[derive(Debug)]
pub struct PublishedGrid {
    /// With its version.
    pub grid: Arc<Grid>,
    json: Encoded,
    forms: Mutex<HashMap<&'static str, WrittenForm>>,
    /// What the forms take, in bytes.
    form_bytes: AtomicUsize,
}

impl PublishedGrid {
    /// Writes the grid's JSON.
    pub fn new(grid: Grid) -> Result<Self, serde_json::Error> {
        Ok(Self {
            json: Encoded::new(serde_json::to_vec(&grid)?),
            grid: Arc::new(grid),
            forms: Mutex::default(),
            form_bytes: AtomicUsize::new(0),
        })
    }

    /// The grid as JSON, compressed with `coding`. The first to ask for a coding waits for it.
    pub async fn body(&self, coding: Option<Coding>) -> Bytes {
        self.json.body(coding).await
    }

    /// The grid in another form; `write` makes its bytes, for the first who asks for it.
    pub async fn form<E>(
        &self,
        form: Form,
        write: impl Future<Output = Result<Vec<u8>, E>>,
    ) -> Result<Arc<Encoded>, E> {
        let cell = {
            let mut forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
            let known = forms
                .entry(form.name)
                .or_insert_with(|| (form.content, Arc::default()));
            if known.0 != form.content {
                if let Some(old) = known.1.get() {
                    self.form_bytes
                        .fetch_sub(old.plain.len(), Ordering::Relaxed);
                }
                *known = (form.content, Arc::default());
            }
            known.1.clone()
        };
        cell.get_or_try_init(|| async {
            let encoded = Encoded::new(write.await?);
            self.form_bytes
                .fetch_add(encoded.plain.len(), Ordering::Relaxed);
            Ok(Arc::new(encoded))
        })
        .await
        .cloned()
    }

    /// About how much memory it takes: the grid repeats the JSON's strings, with headers around
    /// them; the compressed bodies are small beside both.
    fn bytes(&self) -> usize {
        self.json.plain.len() * 4 + self.form_bytes.load(Ordering::Relaxed) + 4096
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct GridCache {
    slots: Mutex<Slots>,
    limit: usize,
}

#[derive(Debug, Default)]
struct Slots {
    by_tab: HashMap<String, Slot>,
    bytes: usize,
    clock: u64,
}

#[derive(Debug)]
struct Slot {
    /// The version of the group's content that the grid shows.
    content: u64,
    grid: Arc<OnceCell<Arc<PublishedGrid>>>,
    /// 0 until the grid is there.
    bytes: usize,
    used: u64,
}

impl GridCache {
    /// Holds grids of at most so many bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            slots: Mutex::default(),
            limit,
        }
    }

    /// The grid of `tab` at this version of its group's content; built when it is not there.
    pub(super) async fn get_or_build<E>(
        &self,
        tab: &str,
        content: u64,
        build: impl Future<Output = Result<Arc<PublishedGrid>, E>>,
    ) -> Result<Arc<PublishedGrid>, E> {
        let cell = self.slots().cell(tab, content);
        let grid = cell.get_or_try_init(|| build).await?.clone();
        self.slots().weigh(tab, &cell, grid.bytes(), self.limit);
        Ok(grid)
    }

    /// Counts anew what a grid takes that is here: it has another form now.
    pub(super) fn weigh(&self, tab: &str, grid: &Arc<PublishedGrid>) {
        let mut slots = self.slots();
        let cell = slots.by_tab.get(tab).map(|slot| slot.grid.clone());
        if let Some(cell) = cell
            && cell.get().is_some_and(|known| Arc::ptr_eq(known, grid))
        {
            slots.weigh(tab, &cell, grid.bytes(), self.limit);
        }
    }

    /// A panic elsewhere leaves at worst a wrong sum of bytes.
    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    fn cell(&mut self, tab: &str, content: u64) -> Arc<OnceCell<Arc<PublishedGrid>>> {
        self.clock += 1;
        if let Some(slot) = self.by_tab.get_mut(tab)
            && slot.content == content
        {
            slot.used = self.clock;
            return slot.grid.clone();
        }
        let grid = Arc::new(OnceCell::new());
        let slot = Slot {
            content,
            grid: grid.clone(),
            bytes: 0,
            used: self.clock,
        };
        if let Some(old) = self.by_tab.insert(tab.to_owned(), slot) {
            self.bytes -= old.bytes;
        }
        grid
    }

    /// Counts a grid that is there now, with the forms that it has by now, and makes room.
    fn weigh(
        &mut self,
        tab: &str,
        cell: &Arc<OnceCell<Arc<PublishedGrid>>>,
        bytes: usize,
        limit: usize,
    ) {
        if let Some(slot) = self.by_tab.get_mut(tab)
            && Arc::ptr_eq(&slot.grid, cell)
        {
            self.bytes = self.bytes - slot.bytes + bytes;
            slot.bytes = bytes;
        }
        while self.bytes > limit {
            let oldest = self
                .by_tab
                .iter()
                .filter(|(_, slot)| slot.bytes > 0)
                .min_by_key(|(_, slot)| slot.used)
                .map(|(tab, _)| tab.clone());
            let Some(slot) = oldest.and_then(|tab| self.by_tab.remove(&tab)) else {
                break;
            };
            self.bytes -= slot.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, io::Read as _, sync::atomic::AtomicU32};

    use model::grid::Row;

    use super::*;

    fn grid(rows: usize) -> Grid {
        Grid {
            rows: (0..rows)
                .map(|index| Row {
                    name: format!("row {index} \"quoted\""),
                    ..Row::default()
                })
                .collect(),
            ..Grid::default()
        }
    }

    fn published(rows: usize) -> Arc<PublishedGrid> {
        Arc::new(PublishedGrid::new(grid(rows)).expect("a grid can be written"))
    }

    #[tokio::test]
    async fn the_json_is_the_grid() {
        let first = published(3);
        let json = first.body(None).await;
        let read: Grid = serde_json::from_slice(&json).expect("it is a grid");
        assert_eq!(read, *first.grid);
    }

    #[tokio::test]
    async fn compressed_bodies_hold_the_same() {
        let grid = published(200);
        let json = grid.body(None).await;
        let gzip = grid.body(Some(Coding::Gzip)).await;
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&gzip[..])
            .read_to_end(&mut plain)
            .expect("it is gzip");
        assert_eq!(plain, json);
        let brotli = grid.body(Some(Coding::Brotli)).await;
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut &brotli[..], &mut plain).expect("it is brotli");
        assert_eq!(plain, json);
        assert!(brotli.len() < json.len() / 4 && gzip.len() < json.len() / 4);
    }

    #[tokio::test]
    async fn a_form_is_written_once_per_content_and_counted() {
        let grid = published(10);
        let alone = grid.bytes();
        let write = async |content: u64, bytes: usize| {
            let mut written = false;
            let form = Form {
                name: "rows",
                content,
            };
            let encoded = grid
                .form(form, async {
                    written = true;
                    Ok::<_, Infallible>(vec![b'x'; bytes])
                })
                .await;
            let body = encoded.expect("it cannot fail").body(None).await;
            (written, body.len())
        };
        assert_eq!(write(1, 100).await, (true, 100));
        assert_eq!(write(1, 7).await, (false, 100));
        assert_eq!(grid.bytes(), alone + 100);
        assert_eq!(write(2, 7).await, (true, 7));
        assert_eq!(grid.bytes(), alone + 7);
        let failed: Result<_, &str> = grid
            .form(
                Form {
                    name: "other",
                    content: 0,
                },
                async { Err("no") },
            )
            .await;
        assert!(failed.is_err());
        assert_eq!(grid.bytes(), alone + 7);
    }

    #[tokio::test]
    async fn the_least_recently_used_goes_first() {
        let one = published(10);
        let cache = GridCache::new(one.bytes() * 2);
        let get = async |tab: &str, content| {
            let built = AtomicU32::new(0);
            let grid = cache
                .get_or_build(tab, content, async {
                    built.fetch_add(1, Ordering::Relaxed);
                    Ok::<_, Infallible>(published(10))
                })
                .await;
            assert!(grid.is_ok());
            built.into_inner() == 1
        };
        assert!(get("a", 1).await);
        assert!(get("b", 1).await);
        assert!(!get("a", 1).await);
        assert!(get("c", 1).await);
        assert!(!get("a", 1).await, "used after b");
        assert!(get("b", 1).await, "the oldest had to go");
        assert!(get("a", 2).await, "a newer content is another grid");
        assert!(cache.slots().bytes <= cache.limit);
        // One that is larger than the whole is answered, and not kept.
        let large = cache
            .get_or_build("large", 1, async { Ok::<_, Infallible>(published(1000)) })
            .await;
        assert!(large.is_ok() && get("large", 1).await, "it was not kept");
    }
}
