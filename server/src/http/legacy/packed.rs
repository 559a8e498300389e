//! The lists of one row as TestGrid packs them.

use model::{
    grid::{CellDetail, Row},
    rle::Runs,
    status::Status,
};
use serde::{Serialize, Serializer, ser::SerializeSeq as _};

/// One text per cell that is not blank, newest first: blank columns own no entry, running ones do.
#[derive(Clone, Copy)]
pub(super) struct Packed<'a> {
    row: &'a Row,
    text: fn(&CellDetail) -> &str,
}

impl<'a> Packed<'a> {
    pub(super) const fn messages(row: &'a Row) -> Self {
        Self {
            row,
            text: |cell| &cell.message,
        }
    }

    pub(super) const fn icons(row: &'a Row) -> Self {
        Self {
            row,
            text: |cell| &cell.icon,
        }
    }

    pub(super) const fn user_properties(row: &'a Row) -> Self {
        Self {
            row,
            text: |cell| &cell.user_property,
        }
    }
}

impl Serialize for Packed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let mut details = self.row.cells.iter().peekable();
        let mut column = 0u32;
        for &(status, count) in self.row.statuses.runs() {
            let end = column + count;
            if status == Status::NoResult {
                while details.next_if(|detail| detail.column < end).is_some() {}
                column = end;
            }
            while column < end {
                let detail = details.next_if(|detail| detail.column == column);
                list.serialize_element(detail.map_or("", |detail| (self.text)(detail)))?;
                column += 1;
            }
        }
        list.end()
    }
}

/// `[{"count", "value"}, …]`, newest first.
#[derive(Clone, Copy)]
pub(super) struct Statuses<'a>(pub(super) &'a Runs<Status>);

#[derive(Serialize)]
struct Run {
    count: u32,
    value: Status,
}

impl Serialize for Statuses<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.0
                .runs()
                .iter()
                .map(|&(value, count)| Run { count, value }),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_cells_own_no_entry_and_running_ones_do() {
        use Status::{Fail, NoResult, Pass, Running};
        let detail = |column, icon: &str, message: &str| CellDetail {
            column,
            icon: icon.into(),
            message: message.into(),
            ..CellDetail::default()
        };
        let row = |statuses: &[Status], cells: Vec<CellDetail>| Row {
            statuses: statuses.iter().copied().collect(),
            cells,
            ..Row::default()
        };
        let json = |row: &Row| {
            [Packed::messages(row), Packed::icons(row)]
                .map(|packed| serde_json::to_string(&packed).expect("it is JSON"))
        };
        let ends = row(
            &[NoResult, Running, Pass, NoResult, Fail, NoResult],
            vec![
                detail(1, "R", "Build still running..."),
                detail(4, "F", "no"),
            ],
        );
        assert_eq!(
            json(&ends),
            [r#"["Build still running...","","no"]"#, r#"["R","","F"]"#]
        );
        assert_eq!(json(&row(&[NoResult; 3], Vec::new())), ["[]", "[]"]);
        // What a blank cell says has no place.
        let odd = row(
            &[NoResult, Fail],
            vec![detail(0, "x", "y"), detail(1, "F", "z")],
        );
        assert_eq!(json(&odd), [r#"["z"]"#, r#"["F"]"#]);
        let runs = serde_json::to_string(&Statuses(&ends.statuses)).expect("it is JSON");
        assert_eq!(
            runs,
            "[{\"count\":1,\"value\":0},{\"count\":1,\"value\":4},{\"count\":1,\"value\":1},\
             {\"count\":1,\"value\":0},{\"count\":1,\"value\":12},{\"count\":1,\"value\":0}]"
        );
    }
}
