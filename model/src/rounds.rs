//! Rounds: which of those that saw a change more than once, and which that saw it once, saw the same.

use std::collections::{HashMap, HashSet};

/// A change comes again when at least one in so many of all that ever saw it saw it again at one time; one
/// that goes to and fro by itself says nothing of the others.
const AGREE: usize = 10;

/// The round of each sight of one change, as a name that is the same for the same round. `seen` is who saw it
/// and when, in milliseconds since 1970, oldest first; the answer is in the same order. Nobody is in one round
/// twice.
///
/// Rounds are divided where most saw the change both before and after, there in the longest time in which
/// nobody did.
pub fn rounds(seen: &[(usize, i64)]) -> Vec<(usize, usize)> {
    let mut last: HashMap<usize, usize> = HashMap::new();
    // From one sight of somebody to the next: a division at any place after the first up to the second
    // separates them.
    let mut again: Vec<(usize, usize)> = Vec::new();
    for (place, &(who, _)) in seen.iter().enumerate() {
        if let Some(before) = last.insert(who, place) {
            again.push((before, place));
        }
    }
    let mut divided: Vec<usize> = Vec::new();
    while let Some((place, agree)) = best(seen, &again) {
        if agree * AGREE < last.len() {
            break;
        }
        divided.push(place);
        again.retain(|&(before, after)| place <= before || after < place);
    }
    divided.sort_unstable();
    let mut met: HashSet<(usize, usize, usize)> = HashSet::new();
    let round = |(place, &(who, _)): (usize, &(usize, i64))| {
        let part = divided.partition_point(|&at| at <= place);
        let mut times = 0;
        while !met.insert((who, part, times)) {
            times += 1;
        }
        (part, times)
    };
    seen.iter().enumerate().map(round).collect()
}

/// Where most are separated, and how many.
fn best(seen: &[(usize, i64)], again: &[(usize, usize)]) -> Option<(usize, usize)> {
    let mut begins = vec![0_usize; seen.len() + 1];
    let mut ends = vec![0_usize; seen.len() + 1];
    for &(before, after) in again {
        begins[before + 1] += 1;
        ends[after + 1] += 1;
    }
    let mut agree = 0;
    let places = (1..seen.len()).map(|place| {
        agree = agree + begins[place] - ends[place];
        (agree, seen[place].1 - seen[place - 1].1, place)
    });
    let (agree, _, place) = places.max()?;
    (agree > 0).then_some((place, agree))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a3` is a at 3; the rounds as digits.
    fn told(said: &str) -> String {
        let mut seen: Vec<(usize, i64)> = said
            .split_whitespace()
            .map(|said| {
                let who = said.as_bytes()[0].into();
                (who, said[1..].parse().expect("a time"))
            })
            .collect();
        seen.sort_by_key(|it| it.1);
        let mut known = Vec::new();
        let rounds = rounds(&seen).into_iter().map(|round| {
            let place = known.iter().position(|it| *it == round);
            let place = place.unwrap_or_else(|| {
                known.push(round);
                known.len() - 1
            });
            place.to_string()
        });
        rounds.collect()
    }

    #[test]
    fn rounds_follow_the_table() {
        for (said, rounds) in [
            ("", ""),
            ("a1", "0"),
            ("a1 b2 c30", "000"),
            ("a1 a2", "01"),
            ("a1 b2 a31 b32", "0011"),
            // Who missed a round is with those of the time when it came.
            ("a1 b2 c12 a31 b32 d41", "000111"),
            ("a1 b2 a31 b32 c30", "00111"),
            ("a1 b2 c3 b31 c32 a61 b62 d63", "00011222"),
            // One that goes to and fro by itself divides nobody else.
            (
                "a1 b2 c3 d4 e5 f6 g7 h8 i9 j10 k11 l12 e8 e9",
                "00000000102000",
            ),
        ] {
            assert_eq!(told(said), rounds, "{said}");
        }
    }
}
