//! x
pub(crate) fn test() -> crate::process::Result<()> {
    Ok(())
}
