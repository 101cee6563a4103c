//! Finds out the schema of a state machine from its types.

use super::commands::{Commands, Method};
use super::shapes::Shapes;
use crate::codec::shape::Shape;
use crate::codec::shape::schema::{Flaw, MethodShape, Schema};
use crate::error::{CommandsError, Error};

/// The schema of a state machine, and what was noticed while it was found out.
pub(crate) struct Found {
    /// The schema.
    pub schema: Schema,
    /// Types whose values cannot be decoded.
    pub flaws: Vec<Flaw>,
    /// Types whose shapes could not be found out, each with the reason.
    pub opaque: Vec<String>,
}

/// Finds out the schema of the commands `C`.
pub(crate) fn schema_of<C: Commands>() -> Found {
    let mut shapes = Shapes::default();
    let methods = C::METHODS.iter().map(|method| method_shape(&mut shapes, method)).collect();
    let Shapes { tracer, flaws, opaque, .. } = shapes;
    Found { schema: Schema { name: C::NAME.into(), methods, types: tracer.into_types() }, flaws, opaque }
}

/// Finds out the schema of the commands of a resource that is about to be opened. Refuses types whose values cannot be
/// decoded, and warns of those whose shapes are not known.
pub(crate) fn checked_schema_of<C: Commands>(resource: &str) -> Result<Schema, Error> {
    let Found { schema, flaws, opaque } = schema_of::<C>();
    if !flaws.is_empty() {
        return Err(CommandsError::Undecodable(flaws).into());
    }
    for what in opaque {
        tracing::warn!(
            resource,
            "no change of this type's encoding can be noticed, because its shape is unknown: {what}"
        );
    }
    Ok(schema)
}

fn method_shape(shapes: &mut Shapes, method: &'static Method) -> MethodShape {
    shapes.method = method.name;
    (method.shapes)(shapes);
    let arguments = std::mem::take(&mut shapes.arguments);
    assert_eq!(arguments.len(), method.arguments.len(), "a shape for each argument");
    MethodShape {
        name: method.name.into(),
        id: method.id.0,
        read: method.is_read(),
        key: method.key.map(|key| key as u32),
        arguments: method.arguments.iter().map(|name| (*name).into()).zip(arguments).collect(),
        result: shapes.result.take().unwrap_or(Shape::Unit),
    }
}
