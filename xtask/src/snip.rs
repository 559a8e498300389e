//! Takes functions out of a wasm that can be called in principle but are not: each keeps its place and
//! its type, and traps.
//!
//! Every erased view of Leptos comes with a way of hydrating it that waits for parts of the program
//! loaded later. The pages are one program, hydrated at once, but each of those functions stands in
//! a table beside the ones that are used, so no optimiser may drop it; together with what only they
//! call they are a twelfth of the whole. A page that called one after all would stop with a trap,
//! which the browser tests would tell.

use std::collections::BTreeSet;

use crate::process::{Failure, Result, fail};

/// What the names of those functions hold.
pub(crate) const ASYNC_HYDRATION: &str = "hydrate_async";

/// Smaller bodies stay: the linker may have made one of several that are equal, and then another that is
/// used may bear the name.
const LEAST_BYTES: usize = 100;

const CUSTOM: u8 = 0;
const IMPORT: u8 = 2;
const CODE: u8 = 10;
/// No locals, `unreachable`, `end`.
const TRAP: [u8; 3] = [0, 0x00, 0x0b];

/// `wasm` without the bodies of the functions whose names hold `name`, and how many they are. The names
/// are those of the section `name`, which must be there.
pub(crate) fn snip(wasm: &[u8], name: &str) -> Result<(Vec<u8>, usize)> {
    let mut reader = Reader { bytes: wasm, at: 0 };
    reader.take(8)?;
    let mut sections = Vec::new();
    while reader.at < wasm.len() {
        let id = reader.byte()?;
        let length = reader.number()?;
        sections.push((id, reader.take(length)?));
    }
    let mut imported = 0;
    let mut unwanted = BTreeSet::new();
    for &(id, content) in &sections {
        let mut reader = Reader {
            bytes: content,
            at: 0,
        };
        if id == IMPORT {
            imported = reader.imported_functions()?;
        } else if id == CUSTOM && reader.text()? == b"name" {
            unwanted = reader.functions_named(name.as_bytes())?;
        }
    }
    let mut snipped = wasm[..8].to_vec();
    let mut count = 0;
    for &(id, content) in &sections {
        snipped.push(id);
        if id != CODE {
            write_number(&mut snipped, content.len());
            snipped.extend_from_slice(content);
            continue;
        }
        let mut reader = Reader {
            bytes: content,
            at: 0,
        };
        let functions = reader.number()?;
        let mut code = Vec::with_capacity(content.len());
        write_number(&mut code, functions);
        for index in 0..functions {
            let length = reader.number()?;
            let mut body = reader.take(length)?;
            if length >= LEAST_BYTES && unwanted.contains(&(imported + index)) {
                body = &TRAP;
                count += 1;
            }
            write_number(&mut code, body.len());
            code.extend_from_slice(body);
        }
        write_number(&mut snipped, code.len());
        snipped.extend_from_slice(&code);
    }
    if count == 0 {
        return fail(format!(
            "the wasm has no function called `{name}` to leave out: the framework has changed"
        ));
    }
    Ok((snipped, count))
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let taken = self
            .at
            .checked_add(count)
            .and_then(|end| self.bytes.get(self.at..end))
            .ok_or_else(|| Failure("the wasm ends in the middle of something".into()))?;
        self.at += count;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    /// LEB128, unsigned.
    fn number(&mut self) -> Result<usize> {
        let (mut number, mut shift) = (0_u64, 0);
        loop {
            let byte = self.byte()?;
            if shift > 28 {
                return fail("the wasm holds a number that is too large");
            }
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return usize::try_from(number)
                    .map_err(|_| Failure("the wasm holds a number that is too large".into()));
            }
        }
    }

    fn text(&mut self) -> Result<&'a [u8]> {
        let length = self.number()?;
        self.take(length)
    }

    fn limits(&mut self) -> Result<()> {
        let has_most = self.byte()? & 1 == 1;
        self.number()?;
        if has_most {
            self.number()?;
        }
        Ok(())
    }

    /// How many functions the import section holds: they are numbered before the others.
    fn imported_functions(&mut self) -> Result<usize> {
        let mut functions = 0;
        for _ in 0..self.number()? {
            self.text()?;
            self.text()?;
            match self.byte()? {
                0 => {
                    self.number()?;
                    functions += 1;
                }
                1 => {
                    self.byte()?;
                    self.limits()?;
                }
                2 => self.limits()?,
                3 => {
                    self.take(2)?;
                }
                kind => return fail(format!("the wasm imports something of the kind {kind}")),
            }
        }
        Ok(functions)
    }

    /// The numbers of the functions whose names hold `part`, from the rest of the section `name`.
    fn functions_named(&mut self, part: &[u8]) -> Result<BTreeSet<usize>> {
        const FUNCTION_NAMES: u8 = 1;
        let mut found = BTreeSet::new();
        while self.at < self.bytes.len() {
            let kind = self.byte()?;
            let length = self.number()?;
            let content = self.take(length)?;
            if kind != FUNCTION_NAMES {
                continue;
            }
            let mut names = Reader {
                bytes: content,
                at: 0,
            };
            for _ in 0..names.number()? {
                let index = names.number()?;
                let name = names.text()?;
                if name.windows(part.len()).any(|window| window == part) {
                    found.insert(index);
                }
            }
        }
        Ok(found)
    }
}

fn write_number(into: &mut Vec<u8>, mut number: usize) {
    loop {
        let byte = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            into.push(byte);
            return;
        }
        into.push(byte | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        let mut section = vec![id];
        write_number(&mut section, content.len());
        section.extend_from_slice(content);
        section
    }

    /// One imported function and three of its own, of these names and sizes.
    fn wasm(functions: [(&str, usize); 3]) -> Vec<u8> {
        let mut wasm = b"\0asm\x01\0\0\0".to_vec();
        wasm.extend(section(IMPORT, b"\x01\x01a\x01b\0\0"));
        let mut code = vec![3];
        let mut names = vec![3];
        for (index, (name, size)) in functions.iter().enumerate() {
            write_number(&mut code, *size);
            code.push(0);
            code.extend(std::iter::repeat_n(0x01, size - 2));
            code.push(0x0b);
            names.push(index as u8 + 1);
            names.push(name.len() as u8);
            names.extend(name.bytes());
        }
        wasm.extend(section(CODE, &code));
        let mut custom = b"\x04name".to_vec();
        custom.extend(section(1, &names));
        wasm.extend(section(CUSTOM, &custom));
        wasm
    }

    #[test]
    fn only_large_functions_of_the_name_are_left_out() {
        let before = wasm([
            ("keep", 300),
            ("x hydrate_async y", 200),
            ("hydrate_async", 40),
        ]);
        let (after, count) = snip(&before, ASYNC_HYDRATION).expect("it is a wasm");
        assert_eq!(count, 1);
        assert!(after.len() < before.len());
        let mut reader = Reader {
            bytes: &after,
            at: 8,
        };
        let mut bodies = Vec::new();
        while reader.at < after.len() {
            let id = reader.byte().expect("a section");
            let content = reader.text().expect("its content");
            if id == CODE {
                let mut code = Reader {
                    bytes: content,
                    at: 1,
                };
                while code.at < content.len() {
                    bodies.push(code.text().expect("a body").to_vec());
                }
            }
        }
        let lengths: Vec<usize> = bodies.iter().map(Vec::len).collect();
        assert_eq!(lengths, [300, 3, 40]);
        assert_eq!(bodies[1], TRAP);
    }

    #[test]
    fn a_wasm_that_cannot_be_read_is_refused() {
        let whole = wasm([("keep", 300), ("hydrate_async", 200), ("c", 40)]);
        assert!(snip(&whole, "no such name").is_err());
        for length in 0..whole.len() {
            // Never a panic; some beginnings are whole sections.
            let _ = snip(&whole[..length], ASYNC_HYDRATION);
        }
        assert!(snip(&whole[..whole.len() - 3], ASYNC_HYDRATION).is_err());
    }
}
