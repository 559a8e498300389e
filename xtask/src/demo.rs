//! x
pub(crate) fn demo() -> crate::process::Result<()> {
    Ok(())
}
