import { type HttpRequest, type HttpResponse, headerOf } from '../runtime/http.ts';
import { isRecord, listOf } from '../runtime/json.ts';
import { type Resource, type Template, TemplateError } from '../template/template.ts';

/** Judges a request: undefined lets it pass, `WAF_FILTERED` leaves the reply to the gateway. */
export type WebAcl = (request: HttpRequest) => HttpResponse | 'WAF_FILTERED' | undefined;

type Statement = (request: HttpRequest) => boolean;

interface Rule {
  readonly priority: number;
  readonly matches: Statement;
  readonly isBlock: boolean;
  readonly reply: HttpResponse | 'WAF_FILTERED';
}

/** The web ACL that the template puts in front of a stage. Throws TemplateError for rules that it does not know. */
export function readWebAcl(template: Template, stageArn: string): WebAcl | undefined {
  const association = template
    .ofType('AWS::WAFv2::WebACLAssociation')
    .find(({ properties }) => properties.ResourceArn === stageArn);
  if (!association) return undefined;
  const acl = template.find('AWS::WAFv2::WebACL', String(association.properties.WebACLArn), 'Arn');
  if (!acl)
    throw new TemplateError(association.where, 'names a web ACL that is not in the template');

  const rules = listOf(acl.properties.Rules)
    .flatMap((rule) => readRule(acl, rule))
    .sort((a, b) => a.priority - b.priority);
  const isBlockedByDefault =
    isRecord(acl.properties.DefaultAction) && 'Block' in acl.properties.DefaultAction;
  return (request) => {
    const rule = rules.find(({ matches }) => matches(request));
    if (rule) return rule.isBlock ? rule.reply : undefined;
    return isBlockedByDefault ? 'WAF_FILTERED' : undefined;
  };
}

function readRule(acl: Resource, value: unknown): Rule[] {
  const rule = isRecord(value) ? value : {};
  const statement = isRecord(rule.Statement) ? rule.Statement : {};
  // Counting callers over five minutes is for the deployed API: on one machine all callers are one.
  if ('RateBasedStatement' in statement) return [];
  const action = isRecord(rule.Action) ? rule.Action : {};
  if ('Count' in action) return [];
  if (!('Block' in action) && !('Allow' in action)) {
    throw new TemplateError(
      acl.where,
      `rule ${String(rule.Name)} has an action that the local runner does not know`,
    );
  }
  return [
    {
      priority: Number(rule.Priority),
      matches: compile(acl, statement),
      isBlock: 'Block' in action,
      reply: readReply(acl, action.Block),
    },
  ];
}

function readReply(acl: Resource, block: unknown): HttpResponse | 'WAF_FILTERED' {
  const custom = isRecord(block) ? block.CustomResponse : undefined;
  if (!isRecord(custom)) return 'WAF_FILTERED';
  const bodies = isRecord(acl.properties.CustomResponseBodies)
    ? acl.properties.CustomResponseBodies
    : {};
  const body = bodies[String(custom.CustomResponseBodyKey)];
  const content = isRecord(body) ? body : { ContentType: 'TEXT_PLAIN', Content: '' };
  const types: Record<string, string> = {
    APPLICATION_JSON: 'application/json',
    TEXT_HTML: 'text/html',
    TEXT_PLAIN: 'text/plain',
  };
  const headers = listOf(custom.ResponseHeaders)
    .filter(isRecord)
    .map(({ Name, Value }) => [String(Name), String(Value)] as const);
  const hasType = headers.some(([name]) => name.toLowerCase() === 'content-type');
  return {
    status: Number(custom.ResponseCode),
    headers: hasType
      ? headers
      : [['Content-Type', types[String(content.ContentType)] ?? 'text/plain'], ...headers],
    body: Buffer.from(String(content.Content)),
  };
}

function compile(acl: Resource, statement: unknown): Statement {
  const [[kind, value] = [], ...others] = Object.entries(isRecord(statement) ? statement : {});
  const members = isRecord(value) ? value : {};
  if (others.length === 0) {
    if (kind === 'NotStatement') {
      const inner = compile(acl, members.Statement);
      return (request) => !inner(request);
    }
    if (kind === 'AndStatement' || kind === 'OrStatement') {
      const inner = listOf(members.Statements).map((item) => compile(acl, item));
      if (kind === 'AndStatement') return (request) => inner.every((matches) => matches(request));
      return (request) => inner.some((matches) => matches(request));
    }
    if (kind === 'ByteMatchStatement') return compileByteMatch(acl, members);
  }
  throw new TemplateError(
    acl.where,
    `the local runner does not know the rule statement ${String(kind)}`,
  );
}

function compileByteMatch(acl: Resource, statement: Record<string, unknown>): Statement {
  const {
    FieldToMatch: field,
    PositionalConstraint: position,
    SearchString,
    TextTransformations,
  } = statement;
  const header =
    isRecord(field) && isRecord(field.SingleHeader)
      ? String(field.SingleHeader.Name).toLowerCase()
      : undefined;
  const transformations = listOf(TextTransformations)
    .filter(isRecord)
    .map(({ Type }) => String(Type));
  const isKnown = transformations.every((type) => type === 'NONE' || type === 'LOWERCASE');
  if (header === undefined || position !== 'EXACTLY' || !isKnown) {
    throw new TemplateError(acl.where, 'the local runner only knows exact matches of one header');
  }
  const transform = (text: string) =>
    transformations.includes('LOWERCASE') ? text.toLowerCase() : text;
  const expected = String(SearchString);
  return (request) => {
    const actual = headerOf(request.headers, header);
    return actual !== undefined && transform(actual) === expected;
  };
}
