//! Takes code out of the wasm that is linked but never runs.
//!
//! Every erased view carries a second way to hydrate, step by step, for pages that load parts of their
//! code late. Seamgrid sends all its code at once and never takes that way, but the linker sees
//! pointers to it in every view's table. It is a tenth of the wasm.

use walrus::{FunctionBuilder, FunctionKind, Module};

/// What the names of the functions have in common: they are the bodies of this `async fn`.
const NEVER_RUN: &str = "hydrate_async28_$u7b$$u7b$closure$u7d$$u7d$";

/// Replaces the bodies of the functions that never run by a trap, and answers how many there were.
/// What only they called, the optimiser then removes.
pub(crate) fn cut(module: &mut Module) -> usize {
    let cut: Vec<_> = module
        .funcs
        .iter_local()
        .filter_map(|(id, local)| {
            let name = module.funcs.get(id).name.as_deref()?;
            name.contains(NEVER_RUN).then_some((id, local.ty()))
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
