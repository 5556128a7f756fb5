// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What a device is. Only meters are commissioned by a metering operator and sign readings.
enum DeviceKind {
    None,
    Meter,
    Gateway,
    Generator,
    Storage,
    Charger,
    Vehicle,
    Appliance,
    Sensor
}

/// @notice Where a device is in its life; see IDeviceRegistry.
enum DeviceStatus {
    None,
    Certified,
    Claimed,
    Active,
    Suspended,
    Retired
}

/// @title IDeviceRegistry
/// @notice The legal identity of devices. A device exists when three meet: the certificate of an admitted manufacturer,
/// the device's own signature over its owner (so it holds its key), and the owner's consent.
/// @dev
/// ```
///   certify          claim            activate      suspend, recertify
///  ---------> Certified ----> Claimed --------> Active <=========> Suspended
///                 |              |                |      resume        |
///                 | revoke       | retire, revoke | retire, revoke     | retire, revoke
///                 v              v                v                    v
///                 +--------------+---> Retired <--+--------------------+
/// ```
/// Who decides each step:
/// ```
/// certify           the maker's signed certificate; anyone may bring it
/// claim             the device (possession) and the owner (consent), while the certificate is valid;
///                   anyone may bring both
/// activate          a meter: an active metering operator, who becomes its operator; another kind: its holder
/// suspend, resume   a meter that was activated: its operator, or any active metering operator once that one is no
/// and retire        active metering operator any more, who then becomes it; all else: the holder
/// revoke            the maker
/// rotateKey         the device, by its old and its new key; not while suspended, when the old key may be in
///                   wrong hands
/// recertify         the maker, by a new certificate for the same serial, and the new key; also while suspended
/// changeOwner       the old and the new owner
/// ```
///
/// A maker's key may be stolen, so the maker alone makes no key sign: a device that was active is suspended by
/// recertify, until whoever may resume it has seen that the device holds the new key. For the same reason activate and
/// resume name the key that was seen. Where the device still has its old key, rotateKey changes it without a break.
///
/// Retired is final. A meter's owner cannot stop it from measuring, so it can't dodge what it promised.
///
/// All accounts must be active members or users when they act or sign; makers and metering operators active members
/// with that role. A certificate's validity bounds its use (certify, claim, recertify), not the life of the device; nor
/// does the device end with its maker's membership. Keys and serials are never used twice, not even those that were
/// rotated away.
///
/// Status and key change at once, the holder from the first slot that has not opened: open slots stay with who held
/// them. Whoever claims a device has it from there on too, and a retired device is nobody's from there on.
///
/// EIP-712 domain: name "Commonwatt DeviceRegistry", version "1", this chain and contract. Messages:
/// ```
/// Certificate(address maker,address deviceKey,uint8 kind,bytes32 model,bytes32 serialHash,uint64 validFrom,
///             uint64 validUntil,uint256 chainId,address registry)         the maker (without the line break)
/// Possession(address deviceKey,address owner)                             the device, at its claim
/// Consent(address deviceKey,address owner,uint64 deadline)                the owner, at the claim
/// KeyRotation(uint32 device,address newKey,uint32 nonce)                  the old (or certified) and the new key
/// OwnerChange(uint32 device,address from,address to,uint32 nonce,uint64 deadline)                both owners
/// ```
/// Devices sign with bare secp256k1 keys (65 bytes r, s, v). Makers and owners may be contracts (ERC-1271).
interface IDeviceRegistry {
    /// @notice What a manufacturer says of one device that it made.
    /// @param maker The manufacturer's account, which signs.
    /// @param deviceKey Address of the key that only the device holds.
    /// @param kind What the device is.
    /// @param model The maker's name of the model, or its hash.
    /// @param serialHash The serial number under the maker's keyed hash (HMAC-SHA-256 with a key of the maker), so that
    /// nobody else can guess serials from the chain.
    /// @param validFrom Unix seconds from which the certificate may be used.
    /// @param validUntil Unix seconds until which it may be used, inclusive.
    /// @param chainId The chain it was made for.
    /// @param registry The DeviceRegistry it was made for.
    struct Certificate {
        address maker;
        address deviceKey;
        DeviceKind kind;
        bytes32 model;
        bytes32 serialHash;
        uint64 validFrom;
        uint64 validUntil;
        uint256 chainId;
        address registry;
    }

    /// @notice What makes a certified device somebody's.
    /// @param deviceKey The device's key.
    /// @param owner Who will hold it.
    /// @param deadline Unix seconds until which the signed consent may be used, inclusive.
    /// @param possession The device key's signature of Possession.
    /// @param consent The owner's signature of Consent; not read when the owner is the caller.
    struct Claim {
        address deviceKey;
        address owner;
        uint64 deadline;
        bytes possession;
        bytes consent;
    }

    /// @notice What moves a device from its holder to another owner.
    /// @param device The device number.
    /// @param to The new owner.
    /// @param nonce The device's nonce.
    /// @param deadline Unix seconds until which the signed consents may be used, inclusive.
    /// @param consent The holder's signature of OwnerChange; not read when the holder is the caller.
    /// @param newConsent The new owner's signature of OwnerChange; not read when the new owner is the caller.
    struct OwnerChange {
        uint32 device;
        address to;
        uint32 nonce;
        uint64 deadline;
        bytes consent;
        bytes newConsent;
    }

    /// @notice All that is kept of a device besides its holders.
    /// @param key The signing key in force.
    /// @param status Where it is in its life.
    /// @param kind What it is.
    /// @param nonce Number of key rotations and owner changes so far.
    /// @param maker Who certified it.
    /// @param claimableUntil Unix seconds; end of its certificate's validity.
    /// @param operator A meter's operator: the metering operator who activated it, or its successor.
    /// @param model The maker's name of the model, or its hash.
    struct Device {
        // slot 0
        address key;
        DeviceStatus status;
        DeviceKind kind;
        uint32 nonce;
        // slot 1
        address maker;
        uint64 claimableUntil;
        // slot 2
        address operator;
        // slot 3
        bytes32 model;
    }

    /// @notice A device came to be known by its maker's certificate.
    /// @param device Its number, counted from 1.
    /// @param maker The manufacturer.
    /// @param key The device's key.
    /// @param kind What it is.
    /// @param model The maker's name of the model, or its hash.
    /// @param serialHash The serial under the maker's keyed hash.
    /// @param validFrom Unix seconds.
    /// @param validUntil Unix seconds.
    /// @param certificate The certificate's EIP-712 digest.
    event DeviceCertified(
        uint32 indexed device,
        address indexed maker,
        address indexed key,
        DeviceKind kind,
        bytes32 model,
        bytes32 serialHash,
        uint64 validFrom,
        uint64 validUntil,
        bytes32 certificate
    );

    /// @notice A device is somebody's from a slot on; replaces what was decided for that slot. An open slot keeps its
    /// holder.
    /// @param device The device.
    /// @param holder Who holds it; zero for nobody.
    /// @param fromSlot The first slot.
    event HolderScheduled(uint32 indexed device, address indexed holder, uint32 indexed fromSlot);

    /// @notice A device went on in its life.
    /// @param device The device.
    /// @param status Where it is now.
    /// @param by Whose transaction it was.
    event DeviceStatusChanged(uint32 indexed device, DeviceStatus indexed status, address indexed by);

    /// @notice A maker took its certificate back; the device is retired.
    /// @param device The device.
    /// @param maker The manufacturer.
    event DeviceRevoked(uint32 indexed device, address indexed maker);

    /// @notice A device signs with another key.
    /// @param device The device.
    /// @param oldKey The key before, which signs nothing any more.
    /// @param newKey The key in force.
    /// @param certificate Digest of the certificate for the new key; zero when the old key decided.
    /// @param claimableUntil Unix seconds; end of that certificate's validity, or of the one before when the old key
    /// decided.
    event KeyRotated(
        uint32 indexed device,
        address indexed oldKey,
        address indexed newKey,
        bytes32 certificate,
        uint64 claimableUntil
    );

    /// @notice A meter is in the care of a metering operator.
    /// @param device The meter.
    /// @param operator Its operator.
    event OperatorAssigned(uint32 indexed device, address indexed operator);

    /// @notice The certificate names another chain.
    /// @param chainId The chain it names.
    error DeviceRegistryWrongChain(uint256 chainId);

    /// @notice The certificate names another registry.
    /// @param registry The contract it names.
    error DeviceRegistryWrongContract(address registry);

    /// @notice The certificate says no kind, or the device key is zero.
    error DeviceRegistryIncompleteCertificate();

    /// @notice The maker was never admitted as a manufacturer, or is none any more.
    /// @param maker The account.
    error DeviceRegistryUnknownMaker(address maker);

    /// @notice The maker is suspended or expelled.
    /// @param maker The account.
    error DeviceRegistryInactiveMaker(address maker);

    /// @notice The certificate is not valid yet.
    /// @param validFrom From when on it is, Unix seconds.
    error DeviceRegistryCertificateNotYetValid(uint64 validFrom);

    /// @notice The certificate is not valid any more.
    /// @param validUntil Until when it was, Unix seconds.
    error DeviceRegistryCertificateExpired(uint64 validUntil);

    /// @notice The certificate was used before.
    /// @param certificate Its EIP-712 digest.
    error DeviceRegistryCertificateReplayed(bytes32 certificate);

    /// @notice The maker did not sign this certificate.
    /// @param maker The account it names.
    error DeviceRegistryForgedCertificate(address maker);

    /// @notice The maker certified another device with this serial.
    /// @param device The other device.
    error DeviceRegistrySerialExists(uint32 device);

    /// @notice The key is or was a device's.
    /// @param key The key's address.
    /// @param device The device.
    error DeviceRegistryKeyExists(address key, uint32 device);

    /// @notice The new certificate is for a serial that the maker never certified.
    /// @param maker The account.
    /// @param serialHash The serial's keyed hash.
    error DeviceRegistryUnknownSerial(address maker, bytes32 serialHash);

    /// @notice The new certificate says another kind or model than the device has.
    /// @param device The device with that serial.
    error DeviceRegistryCertificateMismatch(uint32 device);

    /// @notice No device signs with the key.
    /// @param key The key's address.
    error DeviceRegistryUnknownKey(address key);

    /// @notice The key did not sign: whoever brings the message does not show that the device holds it.
    /// @param key The key's address.
    error DeviceRegistryNoPossession(address key);

    /// @notice The device's old key did not sign the rotation.
    /// @param key The key in force.
    error DeviceRegistryNotSignedByKey(address key);

    /// @notice The owner did not consent to exactly this.
    /// @param owner The account.
    error DeviceRegistryNoConsent(address owner);

    /// @notice The device signs with another key than the one that the caller has seen.
    /// @param device The device.
    /// @param key The key in force.
    error DeviceRegistryOtherKey(uint32 device, address key);

    /// @notice A signed consent is too old.
    /// @param deadline Its end, Unix seconds.
    error DeviceRegistryConsentExpired(uint64 deadline);

    /// @notice The owner is not an active member or user.
    /// @param owner The account.
    error DeviceRegistryInactiveOwner(address owner);

    /// @notice The new owner already holds the device.
    /// @param owner The account.
    error DeviceRegistrySameOwner(address owner);

    /// @notice The message was used, or others were in between.
    /// @param device The device.
    /// @param nonce The nonce in the message.
    /// @param expected The device's nonce.
    error DeviceRegistryReplayed(uint32 device, uint32 nonce, uint32 expected);

    /// @notice The step does not lead on from where the device is.
    /// @param device The device.
    /// @param status Where it is; None when there is no such device.
    error DeviceRegistryWrongStatus(uint32 device, DeviceStatus status);

    /// @notice The step is not the caller's to decide.
    /// @param device The device.
    /// @param caller Who tried.
    error DeviceRegistryNotAuthorized(uint32 device, address caller);

    /// @notice The account is not an active member with the role MeteringOperator.
    /// @param account The account.
    error DeviceRegistryNotMeteringOperator(address account);

    /// @notice Makes a device known. Anyone with a valid certificate.
    /// @param certificate What the maker says.
    /// @param makerSignature The maker's signature of it.
    /// @return device The device's number.
    function certify(Certificate calldata certificate, bytes calldata makerSignature) external returns (uint32 device);

    /// @notice Gives a certified device its owner. Anyone with the signatures of the device and the owner.
    /// @param request Device, owner and both signatures.
    /// @return device The device's number.
    function claim(Claim calldata request) external returns (uint32 device);

    /// @notice `certify` and `claim` at once. Where somebody else brought the certificate already, `claim` is left to
    /// do.
    /// @param certificate What the maker says.
    /// @param makerSignature The maker's signature of it.
    /// @param request Device, owner and both signatures.
    /// @return device The device's number.
    function register(
        Certificate calldata certificate,
        bytes calldata makerSignature,
        Claim calldata request
    ) external returns (uint32 device);

    /// @notice Commissions a claimed device: a meter's readings count from now on. A metering operator; for other kinds
    /// the holder.
    /// @param device The device.
    /// @param key Its key in force, which the caller has seen in the device's hands.
    function activate(uint32 device, address key) external;

    /// @notice Stops an active device: its signatures count for nothing. A meter's operator; for other kinds the
    /// holder.
    /// @param device The device.
    function suspend(uint32 device) external;

    /// @notice Ends a suspension. A meter's operator; for other kinds the holder.
    /// @param device The device.
    /// @param key Its key in force, which the caller has seen in the device's hands.
    function resume(uint32 device, address key) external;

    /// @notice Ends a device's life. A meter's operator, once it was activated; else the holder.
    /// @param device The claimed, active or suspended device.
    function retire(uint32 device) external;

    /// @notice Ends a device's life because its maker does not stand by it any more (stolen keys, a fault of the
    /// model).
    /// @param device A device of the caller, not retired.
    function revoke(uint32 device) external;

    /// @notice Gives a meter into another metering operator's care. Its operator.
    /// @param device The activated meter.
    /// @param newOperator An active metering operator.
    function handOver(uint32 device, address newOperator) external;

    /// @notice Replaces a device's key by its own decision. Anyone with both keys' signatures.
    /// @param device The claimed or active device.
    /// @param newKey The new key's address.
    /// @param nonce The device's nonce.
    /// @param oldSignature The old key's signature of KeyRotation.
    /// @param newSignature The new key's signature of KeyRotation.
    function rotateKey(
        uint32 device,
        address newKey,
        uint32 nonce,
        bytes calldata oldSignature,
        bytes calldata newSignature
    ) external;

    /// @notice Replaces a device's key by its maker's decision, and suspends a device that was active until it is
    /// resumed with that key. Anyone with the new certificate and the new key's signature.
    /// @param certificate A new certificate with the same maker, serial, kind and model.
    /// @param makerSignature The maker's signature of it.
    /// @param newSignature The new key's signature of KeyRotation, with the device's nonce.
    /// @return device The device's number.
    function recertify(
        Certificate calldata certificate,
        bytes calldata makerSignature,
        bytes calldata newSignature
    ) external returns (uint32 device);

    /// @notice Gives a device to another owner from the first slot that has not opened. Anyone with both consents;
    /// holder and new owner consent by calling, too.
    /// @param request Device, new owner and consents.
    function changeOwner(OwnerChange calldata request) external;

    /// @notice The signing key of an active meter.
    /// @param device Any number.
    /// @return key Zero when the device is no meter or not active.
    function activeMeterKey(uint32 device) external view returns (address key);

    /// @notice Who held the device when a slot opened, or will by what is decided so far.
    /// @param device Any number.
    /// @param slot The slot; the answer never changes once it has opened.
    /// @return holder Zero when nobody.
    function holderAt(uint32 device, uint32 slot) external view returns (address holder);

    /// @notice The account that holds the device in every slot of a range.
    /// @param device Any number.
    /// @param first The first slot.
    /// @param last The last slot, not before the first.
    /// @return holder Zero when nobody does or the holder changes.
    function holderThroughout(uint32 device, uint32 first, uint32 last) external view returns (address holder);

    /// @notice Who holds the device by the latest decision, which may start with a slot to come.
    /// @param device Any number.
    /// @return holder Zero when nobody.
    function holderOf(uint32 device) external view returns (address holder);

    /// @notice Number of meters for which a withdrawal leaves a reserve: those that the account holds by the latest
    /// decision, active or suspended, and those that it gave away or that were retired, until the last slot in which it
    /// held one of them is final.
    /// @param holder Any account.
    /// @return count The number.
    function reservedMetersOf(address holder) external view returns (uint256 count);

    /// @notice What a device is, and where in its life.
    /// @param device Any number.
    /// @return kind None when there is no such device.
    /// @return status None when there is no such device.
    function lifeOf(uint32 device) external view returns (DeviceKind kind, DeviceStatus status);

    /// @notice All that is kept of a device besides its holders.
    /// @param device Any number.
    /// @return record All zero when there is no such device.
    function deviceAt(uint32 device) external view returns (Device memory record);

    /// @notice The device to which a key belongs or belonged.
    /// @param key The key's address.
    /// @return device 0 when none.
    function deviceOfKey(address key) external view returns (uint32 device);

    /// @notice The device to which a maker gave a serial.
    /// @param maker The manufacturer.
    /// @param serialHash The serial under the maker's keyed hash.
    /// @return device 0 when none.
    function deviceOfSerial(address maker, bytes32 serialHash) external view returns (uint32 device);

    /// @notice Number of devices ever certified; they are numbered from 1 to this.
    /// @return count The number.
    function deviceCount() external view returns (uint32 count);

    /// @notice Whether a certificate was used.
    /// @param certificate Its EIP-712 digest.
    /// @return used True for ever once used.
    function isCertificateUsed(bytes32 certificate) external view returns (bool used);
}
