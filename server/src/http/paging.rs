//! Lists in parts: `?limit=&after=`, where `after` is what the part before said in `next`.

use std::borrow::Cow;

use model::wire::Items;
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::ApiError;

/// Which part of a list is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// At most so many; all when absent
    #[param(value_type = Option<u32>, minimum = 1)]
    pub(super) limit: Option<usize>,
    /// Begin after the item of this name, as the page before said in `next`
    pub(super) after: Option<String>,
}

/// The wanted part of `items`, whose keys are unique.
///
/// # Errors
///
/// A limit of 0, and a key that no item has.
pub(super) fn page<T>(
    items: Vec<T>,
    wanted: &Page,
    key: impl Fn(&T) -> Cow<'_, str>,
) -> Result<Items<T>, ApiError> {
    let limit = match wanted.limit {
        None => usize::MAX,
        Some(0) => return Err(ApiError::BadRequest("limit must be at least 1".to_owned())),
        Some(limit) => limit,
    };
    let start = match &wanted.after {
        None => 0,
        Some(after) => items
            .iter()
            .position(|item| key(item) == after.as_str())
            .map(|index| index + 1)
            .ok_or_else(|| {
                ApiError::BadRequest(format!("after names nothing in this list: \"{after}\""))
            })?,
    };
    let more = items.len() > start.saturating_add(limit);
    let items: Vec<T> = items.into_iter().skip(start).take(limit).collect();
    let next = items
        .last()
        .filter(|_| more)
        .map(|item| key(item).into_owned());
    Ok(Items {
        items,
        next,
        notes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(limit: Option<usize>, after: Option<&str>) -> Result<Items<u32>, ApiError> {
        let wanted = Page {
            limit,
            after: after.map(str::to_owned),
        };
        page(vec![30, 20, 10], &wanted, |item| item.to_string().into())
    }

    #[test]
    fn a_part_says_where_the_next_begins() {
        for (limit, after, items, next) in [
            (None, None, &[30, 20, 10][..], None),
            (Some(2), None, &[30, 20], Some("20")),
            (Some(3), None, &[30, 20, 10], None),
            (Some(2), Some("20"), &[10], None),
            (Some(1), Some("30"), &[20], Some("20")),
            (None, Some("10"), &[], None),
        ] {
            let found = part(limit, after).expect("it is a part");
            assert_eq!(found.items, items, "{limit:?} {after:?}");
            assert_eq!(found.next.as_deref(), next, "{limit:?} {after:?}");
        }
    }

    #[test]
    fn what_is_in_no_list_is_named() {
        for (limit, after, sentence) in [
            (Some(0), None, "limit must be at least 1"),
            (None, Some("5"), "after names nothing in this list: \"5\""),
        ] {
            let error = part(limit, after).expect_err("there is no such part");
            assert_eq!(error.to_string(), sentence);
        }
    }
}
