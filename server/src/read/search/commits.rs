//! Commits of the mirrored repositories, found by what they are called, who wrote them, the number of
//! their pull request, or the beginning of their digits.

use memchr::memmem::Finder;
use model::history::{Commit, History};

/// Fewer digits than this name too many commits.
const SHORTEST_SHA: usize = 5;

/// What the commits of one repository are called, as one text that is searched as a whole.
#[derive(Clone, Debug, Default)]
pub(in crate::read) struct CommitTexts {
    /// `title #pull author` in lower case, newest commit first, each followed by a line feed.
    text: String,
    /// Where each begins, and the index of its commit.
    starts: Vec<(u32, u32)>,
}

impl CommitTexts {
    pub(in crate::read) fn new(history: &History) -> Self {
        let commits = history.commits();
        let mut order: Vec<u32> = (0..commits.len() as u32).collect();
        order.sort_by_key(|&index| std::cmp::Reverse(commits[index as usize].at_ms));
        let mut texts = Self::default();
        for index in order {
            let Commit {
                title,
                author,
                pull,
                ..
            } = &commits[index as usize];
            // What does not fit into four gigabytes is not found.
            let Ok(start) = u32::try_from(texts.text.len()) else {
                break;
            };
            texts.starts.push((start, index));
            let pull = pull.map(|pull| format!(" #{pull}")).unwrap_or_default();
            let line = format!("{title}{pull} {author}").to_lowercase();
            texts.text.push_str(&line.replace('\n', " "));
            texts.text.push('\n');
        }
        texts
    }

    /// The newest `limit` commits that hold every word, which are in lower case; those whose digits
    /// begin with the only word come first.
    pub(super) fn search(&self, history: &History, words: &[String], limit: usize) -> Vec<u32> {
        let mut found = Vec::new();
        if let [word] = words
            && word.len() >= SHORTEST_SHA
            && word.bytes().all(|byte| byte.is_ascii_hexdigit())
        {
            found.extend(history.beginning(word).iter().take(limit));
        }
        let Some(longest) = words.iter().max_by_key(|word| word.len()) else {
            return found;
        };
        let finder = Finder::new(longest);
        let mut at = 0;
        while found.len() < limit
            && let Some(hit) = finder.find(&self.text.as_bytes()[at..])
        {
            let place = self
                .starts
                .partition_point(|&(start, _)| start as usize <= at + hit)
                - 1;
            let (start, index) = self.starts[place];
            let end = self
                .starts
                .get(place + 1)
                .map_or(self.text.len(), |&(next, _)| next as usize);
            at = end;
            let line = &self.text[start as usize..end];
            if words.iter().all(|word| line.contains(word.as_str())) && !found.contains(&index) {
                found.push(index);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use model::history::NewCommit;

    use super::*;

    fn history() -> History {
        let commit = |sha: &str, subject: &str, at_ms: i64| NewCommit {
            sha: sha.repeat(8),
            subject: subject.to_owned(),
            author: "Ada".to_owned(),
            at_ms,
            ..NewCommit::default()
        };
        let mut history = History::default();
        history.extend([
            commit("abcde", "Bump boskos (#12)", 1),
            commit("fade0", "Fix the ÉCLAIR of boskos", 3),
            commit("abcd1", "Unrelated", 2),
        ]);
        history
    }

    #[test]
    fn newest_first_by_any_words_and_by_digits() {
        let history = history();
        let texts = CommitTexts::new(&history);
        let search = |query: &str, limit| {
            let words: Vec<String> = query.split(' ').map(str::to_lowercase).collect();
            texts.search(&history, &words, limit)
        };
        assert_eq!(search("boskos", 9), [1, 0]);
        assert_eq!(search("boskos", 1), [1]);
        assert_eq!(search("ada bump", 9), [0]);
        assert_eq!(search("#12", 9), [0]);
        assert_eq!(search("Éclair", 9), [1]);
        assert_eq!(search("ABCDE", 9), [0]);
        assert_eq!(search("abcd", 9), [] as [u32; 0]);
        assert_eq!(search("nothing", 9), [] as [u32; 0]);
        let none = History::default();
        let found = CommitTexts::new(&none).search(&none, &["a".to_owned()], 9);
        assert!(found.is_empty(), "{found:?}");
    }
}
