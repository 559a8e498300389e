//! Takes code out of the wasm that is linked but never runs.
//!
//! Every erased view carries a second way to hydrate, step by step, for pages that load parts of their
//! code late. Seamgrid sends all its code at once and never takes that way, but the linker sees
//! pointers to it in every view's table. It is a tenth of the wasm.

use walrus::{FunctionBuilder, FunctionKind, Module};

/// What the names of the functions hold: one of the entries of those tables, or the body of the
/// `async fn` behind it. What stands within such a body is not among them: the two ways share code, of
/// which the compiler keeps one copy under the name of either.
const NEVER_RUN: [&str; 2] = [
    "into_any13hydrate_async17h",
    "hydrate_async28_$u7b$$u7b$closure$u7d$$u7d$17h",
];

/// Smaller functions stay, counted in instructions, for the same reason.
const LEAST: u64 = 30;

/// Replaces the bodies of the functions that never run by a trap, and answers how many there were.
/// What only they called, the optimiser then removes.
pub(crate) fn cut(module: &mut Module) -> usize {
    let cut: Vec<_> = module
        .funcs
        .iter_local()
        .filter_map(|(id, local)| {
            let name = module.funcs.get(id).name.as_deref()?;
            let never_runs = NEVER_RUN.iter().any(|part| name.contains(part));
            (never_runs && local.size() >= LEAST).then_some((id, local.ty()))
        })
        .collect();
    for &(id, ty) in &cut {
        let ty = module.types.get(ty);
        let (params, results) = (ty.params().to_vec(), ty.results().to_vec());
        let mut builder = FunctionBuilder::new(&mut module.types, &params, &results);
        builder.func_body().unreachable();
        let args = params
            .iter()
            .map(|&param| module.locals.add(param))
            .collect();
        module.funcs.get_mut(id).kind = FunctionKind::Local(builder.local_func(args));
    }
    cut.len()
}
