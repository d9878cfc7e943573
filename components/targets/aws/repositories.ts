const inRegistry = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/([^:@]+)/;

/** ARNs of the repositories of ECR that some of these images are in. */
export function repositoriesOf(images: readonly string[]): string[] {
  const found = images.flatMap((image) => {
    const [, account, region, repository] = inRegistry.exec(image) ?? [];
    if (account === undefined || region === undefined || repository === undefined) return [];
    return [`arn:aws:ecr:${region}:${account}:repository/${repository}`];
  });
  return [...new Set(found)].sort();
}
