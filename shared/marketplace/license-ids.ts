/** The id at the end of a license ARN: AWS prints the part before it in several ways. */
export function licenseIdOf(licenseArn: string): string {
  return /(?:^|[:/])(l(?:ic)?-[0-9a-z]+)$/i.exec(licenseArn)?.[1]?.toLowerCase() ?? licenseArn;
}

/** What stands for license and agreement of a purchase of an older product, which has neither. */
export const customerLicenseId = (productCode: string, customerIdentifier: string): string =>
  `customer/${productCode}/${customerIdentifier}`;
