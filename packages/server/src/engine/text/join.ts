export { joinText } from "@voxpool/client/text";
