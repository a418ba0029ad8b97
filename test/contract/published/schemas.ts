import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

/** A document with named schemas. */
interface Document {
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** The named schemas of an OpenAPI document, compiled: a keyword that JSON Schema 2020-12 does not know throws. */
export function openApiSchemas(document: Document): (name: string) => ValidateFunction {
  const ajv = new Ajv2020({ strictTypes: false });
  formats.default(ajv);
  return compiled(ajv, document);
}

/** The named schemas of an AsyncAPI document, compiled: a keyword that JSON Schema draft-07 does not know throws. */
export function asyncApiSchemas(document: Document): (name: string) => ValidateFunction {
  return compiled(new Ajv({ strictTypes: false }), document);
}

function compiled(ajv: Ajv, { components }: Document): (name: string) => ValidateFunction {
  const definitions: object = JSON.parse(
    JSON.stringify(components.schemas).replaceAll('#/components/schemas/', '#/definitions/'),
  );
  ajv.addSchema({ $id: 'document', definitions });
  return (name) => ajv.compile({ $ref: `document#/definitions/${name}` });
}
