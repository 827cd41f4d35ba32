/** The rules that look at other namespaces, or at objects that are in none: what they find depends on them. */
export const ACROSS: readonly string[] = [
  // What a name may mean elsewhere.
  'network/service-of-another-namespace', 'network/service-in-another-namespace-than-named', 'flower/route-leads-nowhere', 'network/common-label-in-selectors',
  'references/almost-its-name', 'references/other-namespace',
  // A PersistentVolume is in no namespace, and a broker by its whole name is one for all of them.
  'filesystem/host-path-of-several-pods', 'filesystem/claim-without-volume', 'code/queue-shared-by-two-apps',
  // The autoscaler of the nodes is in kube-system, mostly, and a host is one for the whole cluster.
  'eviction/autoscaler-cuts-grace', 'flower/host-taken',
  // A kustomization is in no namespace, and several of them are alternatives for what they select.
  'scaling/several-autoscalers',
];
