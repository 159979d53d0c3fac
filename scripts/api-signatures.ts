import ts from "../node_modules/@arethetypeswrong/core/node_modules/typescript/lib/typescript.js";

/** The comment of a constant stands above its statement. */
export function documentedNode(declaration: ts.Declaration): ts.Node {
  return ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
}

/** Declarations without bodies, without comments, and without what is listed below them. */
export function signatureOf(declaration: ts.Declaration, name: string): string {
  const text = (() => {
    if (ts.isFunctionDeclaration(declaration)) {
      const end = declaration.body?.getStart() ?? declaration.getEnd();
      return declaration.getSourceFile().text.slice(declaration.getStart(), end);
    }
    if (ts.isVariableDeclaration(declaration)) {
      return `const ${name}${declaration.type ? `: ${declaration.type.getText()}` : ""}`;
    }
    if (ts.isInterfaceDeclaration(declaration) || ts.isClassDeclaration(declaration)) {
      const source = declaration.getSourceFile().text;
      return source.slice(declaration.getStart(), source.indexOf("{", declaration.name!.getEnd()));
    }
    if (ts.isTypeAliasDeclaration(declaration) && ts.isTypeLiteralNode(declaration.type)) {
      return declaration.getSourceFile().text.slice(declaration.getStart(), declaration.type.getStart() - 2);
    }
    return declaration.getText();
  })();
  return text
    .replaceAll(/\/\*\*.*?\*\/\s*/gs, "")
    .replace(/^export (?:default )?(?:async )?/, "")
    .trim()
    .replace(/;$/, "");
}

export function membersOf(declaration: ts.Declaration): readonly ts.Node[] {
  if (ts.isInterfaceDeclaration(declaration)) return declaration.members;
  if (ts.isClassDeclaration(declaration)) return declaration.members.filter(isPublic);
  if (ts.isTypeAliasDeclaration(declaration)) return literalMembersOf(declaration.type);
  return [];
}

function literalMembersOf(type: ts.TypeNode): readonly ts.Node[] {
  if (ts.isTypeLiteralNode(type)) return type.members;
  if (ts.isIntersectionTypeNode(type)) return type.types.flatMap(literalMembersOf);
  return [];
}

function isPublic(member: ts.ClassElement): boolean {
  const isHidden = ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected);
  return !isHidden && (member.name === undefined || !ts.isPrivateIdentifier(member.name));
}

export function memberText(member: ts.Node): string {
  const source = member.getSourceFile().text;
  const body = (member as { body?: ts.Node }).body ?? (member as { initializer?: ts.Node }).initializer;
  const text = source.slice(member.getStart(), body?.getStart() ?? member.getEnd());
  return text
    .replaceAll(/\/\*.*?\*\/|\/\/.*$/gms, "")
    .replace(/\s*=\s*$/, "")
    .replaceAll(/\s+/g, " ")
    .replace(/;$/, "")
    .trim();
}
