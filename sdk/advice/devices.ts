/** What DeviceRegistry refuses, and what to do about it. */
import type { Advice } from "./advice.js";

export const DEVICES_ERRORS = {
  DeviceRegistryWrongChain: {
    why: "The certificate is for chain {chainId}.",
    todo: "Have the maker certify the device for this chain.",
  },
  DeviceRegistryWrongContract: {
    why: "The certificate is for the registry {registry}.",
    todo: "Have the maker certify the device for this registry.",
  },
  DeviceRegistryIncompleteCertificate: {
    why: "The certificate says no kind or has no device key.",
    todo: "Have the maker complete it.",
  },
  DeviceRegistryUnknownMaker: {
    why: "{maker} is not admitted as a manufacturer.",
    todo: "Check the maker's address; the council admits manufacturers.",
  },
  DeviceRegistryInactiveMaker: {
    why: "The maker {maker} is suspended or expelled.",
    todo: "Wait until it is reinstated, or take another maker's device.",
  },
  DeviceRegistryCertificateNotYetValid: {
    why: "The certificate is valid from {validFrom} on (Unix seconds).",
    todo: "Wait until then.",
  },
  DeviceRegistryCertificateExpired: {
    why: "The certificate was valid until {validUntil} (Unix seconds).",
    todo: "Have the maker make a new one.",
  },
  DeviceRegistryCertificateReplayed: {
    why: "The certificate {certificate} was used before.",
    todo: "Go on from where the device is; a new key needs a new certificate.",
  },
  DeviceRegistryForgedCertificate: {
    why: "{maker} did not sign this certificate.",
    todo: "Check that every field is as it was signed, and by that maker.",
  },
  DeviceRegistrySerialExists: {
    why: "The maker certified device {device} with this serial.",
    todo: "Use recertify for a new key of that device; else check the serial.",
  },
  DeviceRegistryKeyExists: {
    why: "The key {key} is or was that of device {device}.",
    todo: "Make a new key; keys are never used twice.",
  },
  DeviceRegistryUnknownSerial: {
    why: "{maker} never certified the serial {serialHash}.",
    todo: "Certify it as a new device.",
  },
  DeviceRegistryCertificateMismatch: {
    why: "The certificate's kind or model is not that of device {device}.",
    todo: "Have it made for the device as it is.",
  },
  DeviceRegistryUnknownKey: {
    why: "No device signs with {key}.",
    todo: "Certify the device first, or use its key in force.",
  },
  DeviceRegistryNoPossession: {
    why: "{key} did not sign: it isn't shown that the device holds the key.",
    todo: "Let the device sign this owner and this registry.",
  },
  DeviceRegistryNotSignedByKey: {
    why: "The key in force, {key}, did not sign the rotation.",
    todo: "Sign with it, or have the maker recertify the device.",
  },
  DeviceRegistryOtherKey: {
    why: "Device {device} signs with {key}, not with the key that was named.",
    todo: "See that the device itself holds that key, then name it; else leave the device stopped and ask its maker.",
  },
  DeviceRegistryNoConsent: {
    why: "{owner} did not consent to exactly this.",
    todo: "Let the owner sign these very values for this registry.",
  },
  DeviceRegistryConsentExpired: {
    why: "The consent ended at {deadline} (Unix seconds).",
    todo: "Let the owner sign again with a later deadline.",
  },
  DeviceRegistryInactiveOwner: {
    why: "{owner} is no active member or user.",
    todo: "Admit or reinstate the owner first.",
  },
  DeviceRegistrySameOwner: { why: "{owner} holds the device already.", todo: "There is nothing to change." },
  DeviceRegistryReplayed: {
    why: "The message for device {device} has nonce {nonce}, and {expected} is next.",
    todo: "Sign again with the device's present nonce.",
  },
  DeviceRegistryWrongStatus: {
    why: "Device {device} has status {status}, from which this step does not lead on.",
    todo: "See the device's life in IDeviceRegistry for the step before.",
  },
  DeviceRegistryNotAuthorized: {
    why: "{caller} does not decide this for device {device}.",
    todo: "Let its operator, holder or maker do it, as the table in IDeviceRegistry says.",
  },
  DeviceRegistryNotMeteringOperator: {
    why: "{account} is no active metering operator.",
    todo: "Let an active member with the role MeteringOperator do it.",
  },
} as const satisfies Record<string, Advice>;
