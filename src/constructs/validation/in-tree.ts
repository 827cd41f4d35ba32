import { IConstruct } from 'constructs';

/** Whether a construct is in the tree of another: one that was removed is not. */
export function isInTree({ node }: IConstruct, scope: IConstruct): boolean {
  return node.root === scope.node.root && node.scope?.node.tryFindChild(node.id)?.node === node;
}
